"use strict";

const CONTRACT = "/openapi.json";

const dark = window.matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();

// Ids of elements can be above 2^53. Swagger UI parses answers and writes them again, and would show other digits.
const answers = new Set();
const parse = JSON.parse;
const exact = (_, value, { source }) =>
  Number.isInteger(value) && !Number.isSafeInteger(value) ? JSON.rawJSON(source) : value;
if (JSON.rawJSON) {
  JSON.parse = (text, reviver) => parse(text, !reviver && answers.has(text) ? exact : reviver);
}

const page = document.getElementById("swagger-ui");
const { scheme, token } = page.dataset;
const ui = SwaggerUIBundle({
  domNode: page,
  url: CONTRACT,
  deepLinking: true,
  displayRequestDuration: true,
  persistAuthorization: true,
  validatorUrl: null,
  responseInterceptor(response) {
    if (!response.url.endsWith(CONTRACT)) {
      answers.add(response.text);
    }
    return response;
  },
  onComplete() {
    // A token that you entered before stays.
    if (token && !ui.authSelectors.authorized().has(scheme)) {
      ui.preauthorizeApiKey(scheme, token);
    }
  },
});
