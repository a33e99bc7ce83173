"""What every answer of the API must be."""

from typing import Any

from rest_framework.test import APIClient


def client_of(user: Any) -> APIClient:
    client = APIClient()
    if user is not None:
        client.force_authenticate(user)
    return client


def assert_problem(response: Any, status: int, code: str) -> dict[str, Any]:
    """A refusal as problem details (RFC 9457) with this status and stable code."""
    assert response.status_code == status, response.content
    assert response.headers["Content-Type"] == "application/problem+json"
    body = response.json()
    assert (body["status"], body["code"]) == (status, code), body
    assert body["type"] == f"urn:evbalancer:{code}"
    assert body["title"]
    return body
