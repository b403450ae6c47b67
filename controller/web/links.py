"""Links to the controller that leave it: on labels, in messages."""

from starlette.requests import Request

from controller.parts import Parts


def address(request: Request, parts: Parts) -> str:
    """Return where people reach the controller: as it was set, else as this request has reached it."""
    return parts.settings.public_url or f"{request.url.scheme}://{request.url.netloc}"


def device(request: Request, parts: Parts, id_: str) -> str:
    """Return the link that stands on a device's label."""
    return f"{address(request, parts)}/d/{id_}"
