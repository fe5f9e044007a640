"""Everything that is raised on purpose, and the one table of error codes.

MlflowException              an error with a code; the code decides the HTTP status
├── RestException            the server answered with an error
├── ExecutionException       a project run failed
├── MissingConfigException   an expected configuration is not there
├── InvalidUrlException      a URL that cannot be asked
└── MlflowNotImplementedException
"""

import json
from enum import IntEnum
from typing import Any

INTERNAL_ERROR = "INTERNAL_ERROR"
INVALID_PARAMETER_VALUE = "INVALID_PARAMETER_VALUE"
RESOURCE_DOES_NOT_EXIST = "RESOURCE_DOES_NOT_EXIST"
RESOURCE_ALREADY_EXISTS = "RESOURCE_ALREADY_EXISTS"
PERMISSION_DENIED = "PERMISSION_DENIED"
BAD_REQUEST = "BAD_REQUEST"
INVALID_STATE = "INVALID_STATE"
ENDPOINT_NOT_FOUND = "ENDPOINT_NOT_FOUND"
TEMPORARILY_UNAVAILABLE = "TEMPORARILY_UNAVAILABLE"
NOT_IMPLEMENTED = "NOT_IMPLEMENTED"
RESOURCE_EXHAUSTED = "RESOURCE_EXHAUSTED"
DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"


class ErrorCode(IntEnum):
    """The numbers that third parties know the codes by."""

    INTERNAL_ERROR = 1
    TEMPORARILY_UNAVAILABLE = 2
    IO_ERROR = 3
    BAD_REQUEST = 4
    INVALID_PARAMETER_VALUE = 1000
    ENDPOINT_NOT_FOUND = 1001
    MALFORMED_REQUEST = 1002
    INVALID_STATE = 1003
    PERMISSION_DENIED = 1004
    FEATURE_DISABLED = 1005
    CUSTOMER_UNAUTHORIZED = 1006
    REQUEST_LIMIT_EXCEEDED = 1007
    RESOURCE_CONFLICT = 1008
    UNPARSEABLE_HTTP_ERROR = 1009
    NOT_IMPLEMENTED = 1010
    DATA_LOSS = 1011
    RESOURCE_ALREADY_EXISTS = 3001
    RESOURCE_DOES_NOT_EXIST = 3002
    ABORTED = 4001
    ALREADY_EXISTS = 4002
    CANCELLED = 4003
    DEADLINE_EXCEEDED = 4004
    NOT_FOUND = 4005
    RESOURCE_EXHAUSTED = 4006
    UNAUTHENTICATED = 4007

    @staticmethod
    def Name(code: int) -> str:
        """The name of a code, as the generated protocol classes spell it."""
        return ErrorCode(code).name

    @staticmethod
    def Value(name: str) -> int:
        """The number of a code by its name."""
        return ErrorCode[name].value


#: error code → HTTP status; any other code is a 500
HTTP_STATUS = {
    "ABORTED": 409,
    "ALREADY_EXISTS": 409,
    "BAD_REQUEST": 400,
    "CANCELLED": 499,
    "CUSTOMER_UNAUTHORIZED": 401,
    "DATA_LOSS": 500,
    "DEADLINE_EXCEEDED": 504,
    "ENDPOINT_NOT_FOUND": 404,
    "INTERNAL_ERROR": 500,
    "INVALID_PARAMETER_VALUE": 400,
    "INVALID_STATE": 500,
    "NOT_FOUND": 404,
    "NOT_IMPLEMENTED": 501,
    "PERMISSION_DENIED": 403,
    "REQUEST_LIMIT_EXCEEDED": 429,
    "RESOURCE_ALREADY_EXISTS": 400,
    "RESOURCE_CONFLICT": 409,
    "RESOURCE_DOES_NOT_EXIST": 404,
    "RESOURCE_EXHAUSTED": 429,
    "TEMPORARILY_UNAVAILABLE": 503,
    "UNAUTHENTICATED": 401,
}

_SERVER_SIDE = {INTERNAL_ERROR, INVALID_STATE, TEMPORARILY_UNAVAILABLE}
_ERROR_CLASS = {
    BAD_REQUEST: "INVALID_PARAMETER_VALUE",
    INTERNAL_ERROR: "CLIENT_INTERNAL_ERROR",
    INVALID_PARAMETER_VALUE: "INVALID_PARAMETER_VALUE",
    PERMISSION_DENIED: "PERMISSION_DENIED",
    RESOURCE_ALREADY_EXISTS: "RESOURCE_ALREADY_EXISTS",
    RESOURCE_DOES_NOT_EXIST: "RESOURCE_NOT_FOUND",
}


def code_name(error_code: "str | int") -> str:
    """The name of an error code given by name or number; unknown ones are INTERNAL_ERROR."""
    if isinstance(error_code, str):
        return error_code
    try:
        return ErrorCode(error_code).name
    except ValueError:
        return INTERNAL_ERROR


class MlflowException(Exception):
    """An error with a code that the REST API knows.

    Args:
        message: what was wrong, what is allowed and what to do.
        error_code: name or number of the code; it decides the HTTP status.
        sqlstate: five characters for programs; derived from the code when not given.
        error_class: a coarser class; derived from the code when not given.
        json_kwargs: further fields of the JSON form.
    """

    def __init__(
        self,
        message: object,
        error_code: "str | int" = INTERNAL_ERROR,
        sqlstate: "str | None" = None,
        error_class: "str | None" = None,
        **json_kwargs: Any,
    ) -> None:
        self.error_code = code_name(error_code)
        self.message = str(message)
        self.sqlstate = sqlstate or ("XXM00" if self.error_code in _SERVER_SIDE else "KAM00")
        self.error_class = error_class or _ERROR_CLASS.get(self.error_code)
        self.json_kwargs = json_kwargs
        super().__init__(self.message)

    def serialize_as_json(self) -> str:
        """The body that the REST API sends for this error."""
        body = {"error_code": self.error_code, "message": self.message}
        if self.error_code != NOT_IMPLEMENTED:
            body["sqlstate"] = self.sqlstate
            if self.error_class:
                body["error_class"] = self.error_class
        return json.dumps(body | self.json_kwargs)

    def get_http_status_code(self) -> int:
        """The HTTP status of this error's code."""
        return HTTP_STATUS.get(self.error_code, 500)

    @classmethod
    def invalid_parameter_value(cls, message: str, **kwargs: Any) -> "MlflowException":
        """An error that the caller made: code INVALID_PARAMETER_VALUE, HTTP 400."""
        return cls(message, error_code=INVALID_PARAMETER_VALUE, **kwargs)


class RestException(MlflowException):
    """The server answered with an error.

    Args:
        json: the body of the answer with `error_code` and `message`.
    """

    def __init__(self, json: "dict[str, Any]") -> None:
        self.json = json
        code = code_name(json.get("error_code", INTERNAL_ERROR))
        message = json.get("message")
        if message is None:
            message = f"Response: {json}"
        super().__init__(
            f"{code}: {message}",
            error_code=code,
            sqlstate=json.get("sqlstate"),
            error_class=json.get("error_class"),
        )

    def __reduce__(self) -> "tuple[type[RestException], tuple[dict[str, Any]]]":
        return RestException, (self.json,)


class ExecutionException(MlflowException):
    """A project run or a step of it failed."""


class MissingConfigException(MlflowException):
    """An expected configuration file or entry is not there."""


class InvalidUrlException(MlflowException):
    """A URL cannot be asked."""


class MlflowTracingException(MlflowException):
    """Tracing failed; never raised into user code."""


class MlflowNotImplementedException(MlflowException):
    """The store behind the URI cannot do this."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message, error_code=NOT_IMPLEMENTED)


def invalid(message: str) -> MlflowException:
    """An error of the caller (400)."""
    return MlflowException(message, error_code=INVALID_PARAMETER_VALUE)


def missing(message: str) -> MlflowException:
    """A thing that was asked for does not exist (404)."""
    return MlflowException(message, error_code=RESOURCE_DOES_NOT_EXIST)
