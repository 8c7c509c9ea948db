"""`/v1/chat/completions` and `/v1/models`. Thin: who asks, what they ask, one answer opened, one response."""

from contextlib import AbstractAsyncContextManager
from typing import Any
from uuid import uuid4

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from billing.admission import RateLimit, admit_request
from routing.exceptions import ModelNotFound
from routing.gateway_models import OpenedAnswer, find_source, registered_names
from routing.openai_api.errors import InvalidKey, MethodNotAllowed, openai_errors
from routing.openai_api.plain import open_plain
from routing.openai_api.request import CompletionRequest, parameters, read_request
from routing.openai_api.response import answer_streamed, answer_whole
from routing.outcomes import ModelCall
from routing.policy import AUTOMATIC
from routing.providers.catalogue import catalogue
from tenants.context import in_tenant
from tenants.exceptions import Forbidden
from tenants.keys import KeyRefused, KeyUser

PERMISSION = "routing.use_router"
OWNER = "orchestrall"


@csrf_exempt
@openai_errors
async def chat_completions(request: HttpRequest) -> HttpResponseBase:
    """Answer a chat completion with a model, or with whoever stands behind the name's prefix."""
    if request.method != "POST":
        raise MethodNotAllowed("Send a POST request.")
    user = _key_user(request)
    limit = await in_tenant(user.tenant, admit_request, user.actor)
    asked, raw = read_request(request)
    opened = _open(_model_call(asked, raw, user), user)
    if asked.stream:
        response = await answer_streamed(opened, asked.model, include_usage=asked.include_usage)
    else:
        response = await answer_whole(opened, asked.model)
    return _with_limit(response, limit)


@csrf_exempt
@openai_errors
async def models(request: HttpRequest, name: str = "") -> HttpResponseBase:
    """List what may be asked for: the router's own names, the models, and agents."""
    if request.method != "GET":
        raise MethodNotAllowed("Send a GET request.")
    user = _key_user(request)
    listed = await in_tenant(user.tenant, _list_models)
    if not name:
        return JsonResponse({"object": "list", "data": listed})
    for model in listed:
        if model["id"] == name:
            return JsonResponse(model)
    raise ModelNotFound(name, [model["id"] for model in listed])


def _key_user(request: HttpRequest) -> KeyUser:
    """Return who holds the key. Sessions do not count here: a page of another site could ride on the cookie."""
    user: KeyUser | KeyRefused | None = getattr(request, "key_user", None)
    if isinstance(user, KeyRefused):
        raise InvalidKey(user.words)
    if user is None:
        raise InvalidKey("Send an API key of your organization as `Authorization: Bearer <key>`.")
    if not user.has_perm(PERMISSION):
        raise Forbidden("This API key may not call models: it lacks the scope chat.")
    return user


def _model_call(asked: CompletionRequest, raw: dict[str, Any], user: KeyUser) -> ModelCall:
    return ModelCall(
        tenant=user.tenant,
        query_id=uuid4(),
        messages=raw["messages"],
        tools=raw.get("tools") or (),
        requested=asked.model,
        actor=user.actor,
        key_id=user.public_id,
        max_output_tokens=asked.max_output_tokens,
        temperature=asked.temperature,
        stream=asked.stream,
        parameters=parameters(raw),
    )


def _open(call: ModelCall, user: KeyUser) -> AbstractAsyncContextManager[OpenedAnswer]:
    found = find_source(call.requested)
    if found is None:
        return open_plain(call)
    source, name = found
    return source.open(name, call, user)


def _list_models() -> list[dict[str, Any]]:
    known = catalogue()
    owners = {option.model: option.provider for option in known.usable() if option.price is not None}
    names = [*dict.fromkeys([*AUTOMATIC, *owners]), *registered_names()]
    return [{"id": name, "object": "model", "created": 0, "owned_by": owners.get(name, OWNER)} for name in names]


def _with_limit(response: HttpResponseBase, limit: RateLimit) -> HttpResponseBase:
    """Say how many requests are left, in OpenAI's headers and in ours."""
    if not response.streaming:
        response.headers["Content-Length"] = str(len(response.content))
    for name, value in limit.headers().items():
        response.headers[name] = value
    if limit.limit is not None:
        seconds = response.headers["X-RateLimit-Reset"]
        response.headers["x-ratelimit-limit-requests"] = str(limit.limit)
        response.headers["x-ratelimit-remaining-requests"] = str(limit.remaining)
        response.headers["x-ratelimit-reset-requests"] = f"{seconds}s"
    return response
