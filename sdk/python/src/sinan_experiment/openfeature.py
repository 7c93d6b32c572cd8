"""The OpenFeature provider, for the package `openfeature-sdk`.

    from openfeature import api
    from sinan_experiment.openfeature import SinanProvider

    api.set_provider_and_wait(SinanProvider("http://localhost:8080", cache="flags.snapshot"))

Answers what the server's OFREP answers for the same context, but evaluates here: an attribute `targetingKey` is also `user_id` where the
context has none, and where an experiment lacks its unit the answer is TARGETING_KEY_MISSING.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from openfeature.evaluation_context import EvaluationContext
from openfeature.event import ProviderEventDetails
from openfeature.exception import ErrorCode, ProviderNotReadyError
from openfeature.flag_evaluation import FlagResolutionDetails, Reason
from openfeature.provider import AbstractProvider, Metadata

from ._client import Client
from ._context import Context
from ._evaluator import Details

_MESSAGES = {
    "FLAG_NOT_FOUND": "no such parameter",
    "TYPE_MISMATCH": "the parameter has another type",
    "INVALID_CONTEXT": "the context has too many attributes",
}


class SinanProvider(AbstractProvider):
    """Takes the arguments of Client; `wait` bounds how long set_provider_and_wait() waits."""

    def __init__(self, url: str, **options: Any) -> None:
        super().__init__()
        self._url = url
        self._options = options
        self.client: Client | None = None

    def get_metadata(self) -> Metadata:
        return Metadata(name="sinan")

    def initialize(self, evaluation_context: EvaluationContext) -> None:
        self.client = client = Client(self._url, **self._options)
        client.on_change(lambda event: self._tell(client, event))
        self._told = client.status
        if client.status == "not_ready":
            # The client goes on trying, and READY is told when it has a snapshot.
            raise ProviderNotReadyError(client.last_error or "the server has not answered in time")
        # Who has only the last known snapshot becomes READY by returning, and STALE when the server has not answered again.
        self._told = "ready"

    def shutdown(self) -> None:
        if self.client is not None:
            self.client.close()

    def _tell(self, client: Client, event: str) -> None:
        details = ProviderEventDetails(message=client.last_error, metadata={"configVersion": client.version})
        if event == "changed":  # of which flags is not known: a parameter may decide over any other
            self.emit_provider_configuration_changed(details)
        elif client.status != self._told:
            self._told = client.status
            if client.status == "ready":
                self.emit_provider_ready(details)
            elif client.status == "stale":
                self.emit_provider_stale(details)

    def resolve_boolean_details(self, flag_key: str, default_value: bool, evaluation_context: EvaluationContext | None = None):
        return self._resolve(flag_key, default_value, evaluation_context, "bool")

    def resolve_string_details(self, flag_key: str, default_value: str, evaluation_context: EvaluationContext | None = None):
        return self._resolve(flag_key, default_value, evaluation_context, "string")

    def resolve_integer_details(self, flag_key: str, default_value: int, evaluation_context: EvaluationContext | None = None):
        return self._resolve(flag_key, default_value, evaluation_context, "int")

    def resolve_float_details(self, flag_key: str, default_value: float, evaluation_context: EvaluationContext | None = None):
        return self._resolve(flag_key, default_value, evaluation_context, "double")

    def resolve_object_details(
        self,
        flag_key: str,
        default_value: Sequence[Any] | Mapping[str, Any],
        evaluation_context: EvaluationContext | None = None,
    ):
        return self._resolve(flag_key, default_value, evaluation_context, "json")

    def _resolve(
        self, key: str, default: Any, context: EvaluationContext | None, type: str
    ) -> FlagResolutionDetails[Any]:
        client = self.client
        if client is None or client.status == "not_ready":
            return _failure(default, ErrorCode.PROVIDER_NOT_READY, "there is no configuration yet")
        details = client.details(key, default, context_of(context), type)
        if details.missing_unit:
            return _failure(
                default, ErrorCode.TARGETING_KEY_MISSING, "an experiment would apply, but the context lacks its unit"
            )
        if details.error_code is not None:
            return _failure(default, ErrorCode(details.error_code), f"{_MESSAGES[details.error_code]}: {key}")
        return FlagResolutionDetails(
            details.value, reason=Reason(details.reason), variant=details.variant, flag_metadata=metadata_of(details)
        )


def context_of(context: EvaluationContext | None) -> Context:
    if context is None:
        return Context()
    attributes = dict(context.attributes)
    if context.targeting_key is not None:
        attributes["targetingKey"] = context.targeting_key
        attributes.setdefault("user_id", context.targeting_key)
    return Context(attributes)


def metadata_of(details: Details) -> dict[str, bool | int | float | str]:
    """As the server's OFREP has it."""
    metadata: dict[str, bool | int | float | str] = {"configVersion": details.version, "exposure": bool(details.exposures)}
    if details.experiment is not None:
        metadata["experiment"] = details.experiment
        metadata["group"] = details.group or ""
        if details.bucket is not None:
            metadata["bucket"] = details.bucket
    if details.exposures:
        metadata["experiments"] = ";".join(f"{experiment}:{group}" for experiment, group in details.exposures)
    return metadata


def _failure(default: Any, code: ErrorCode, message: str) -> FlagResolutionDetails[Any]:
    return FlagResolutionDetails(default, error_code=code, error_message=message, reason=Reason.ERROR)
