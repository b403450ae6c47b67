"""The OpenAPI document: what FastAPI makes of the routes, and the shape of every problem."""

from fastapi import FastAPI

PROBLEM = {
    "title": "Problem",
    "description": "What went wrong (RFC 9457), in the language that the request prefers.",
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string", "description": "what happened and what to do; may be empty"},
    },
}


def install(app: FastAPI) -> None:
    """Add to the document of `app` what its routes refer to."""
    made = app.openapi

    def openapi() -> dict[str, object]:
        document: dict[str, dict[str, dict[str, object]]] = made()  # FastAPI keeps it
        document["components"]["schemas"]["Problem"] = PROBLEM
        return dict(document)

    app.openapi = openapi  # type: ignore[method-assign]
