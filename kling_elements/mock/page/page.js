"use strict";

const dark = window.matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();

const page = document.getElementById("swagger-ui");
const { scheme, token } = page.dataset;
const ui = SwaggerUIBundle({
  domNode: page,
  url: "/openapi.json",
  deepLinking: true,
  displayRequestDuration: true,
  persistAuthorization: true,
  validatorUrl: null,
  onComplete() {
    // A token that you entered before stays.
    if (token && !ui.authSelectors.authorized().has(scheme)) {
      ui.preauthorizeApiKey(scheme, token);
    }
  },
});
