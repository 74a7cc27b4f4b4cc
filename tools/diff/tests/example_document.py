"""A document with an example of everything that `make diff` compares besides schemas."""

from __future__ import annotations

from typing import Any

WITH_STRING: dict[str, Any] = {"schema": {"type": "string"}}
ERROR_CONTENT = {"application/json": {"schema": {"type": "object", "properties": {"code": {"type": "integer"}}}}}
DOCUMENT: Any = {
    "openapi": "3.1.0",
    "info": {"title": "Things", "version": "1.0.0"},
    "servers": [
        {"url": "https://one.example.com"},
        {"url": "https://{host}", "variables": {"host": {"default": "two.example.com", "description": "Where."}}},
    ],
    "security": [{"token": []}],
    "x-business-codes": {"1": {"http-status": 400, "meaning": "no", "retry": "never"}},
    "paths": {
        "/things/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": True, **WITH_STRING}],
            "get": {"responses": {"200": {"description": "One."}}},
            "post": {
                "operationId": "changeThing",
                "parameters": [
                    {"$ref": "#/components/parameters/Page"},
                    {"name": "X-Trace", "in": "header", **WITH_STRING},
                    {"name": "must", "in": "query", "required": True, **WITH_STRING},
                ],
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {"x-body-size": {"max-bytes": 9, "x-source": "R1"}, **WITH_STRING},
                        "text/plain": WITH_STRING,
                    },
                },
                "callbacks": {
                    "changed": {
                        "{$request.body#/url}": {
                            "post": {
                                "security": [],
                                "parameters": [{"name": "sign", "in": "header", **WITH_STRING}],
                                "requestBody": {"content": {"application/json": {"schema": {"maxLength": 9}}}},
                                "responses": {"2XX": {"description": "Heard."}},
                            }
                        }
                    }
                },
                "responses": {
                    "200": {
                        "description": "Changed.",
                        "headers": {"X-Id": WITH_STRING, "X-Must": {"required": True, **WITH_STRING}},
                        "content": {"application/json": WITH_STRING, "text/html": WITH_STRING},
                    },
                    "404": {"$ref": "#/components/responses/Error"},
                    "5XX": {"description": "Failed.", "content": ERROR_CONTENT},
                    "default": {"$ref": "#/components/responses/Error"},
                },
            },
        }
    },
    "components": {
        "parameters": {"Page": {"name": "page", "in": "query", "schema": {"maximum": 9}}},
        "responses": {"Error": {"description": "No.", "content": ERROR_CONTENT, "headers": {"Allow": WITH_STRING}}},
        "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": "A key."}},
    },
}
