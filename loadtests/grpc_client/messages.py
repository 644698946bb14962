"""The messages of the Open Inference Protocol over gRPC, as far as load tests need them.

Their names, fields and numbers are those of `grpc_predict_v2.proto`
(github.com/kserve/open-inference-protocol, specification/protocol/open_inference_grpc.proto, Apache 2.0).
They are declared here instead of generated, so that no compiler of protocol buffers is needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

SERVICE: Final = "/inference.GRPCInferenceService"
"""The path of a call is this, a slash and the name of the method."""

_CHOICE: Final = "parameter_choice"
_MESSAGES: Final[Mapping[str, str]] = {
    "InferParameter": "bool bool_param = 1; int64 int64_param = 2; string string_param = 3; "
    "double double_param = 4; uint64 uint64_param = 5",
    "InferTensorContents": "bool[] bool_contents = 1; int32[] int_contents = 2; int64[] int64_contents = 3; "
    "uint32[] uint_contents = 4; uint64[] uint64_contents = 5; float[] fp32_contents = 6; "
    "double[] fp64_contents = 7; bytes[] bytes_contents = 8",
    "Tensor": "string name = 1; string datatype = 2; int64[] shape = 3; "
    "map<InferParameter> parameters = 4; InferTensorContents contents = 5",
    "RequestedOutput": "string name = 1; map<InferParameter> parameters = 2",
    "ModelInferRequest": "string model_name = 1; string model_version = 2; string id = 3; "
    "map<InferParameter> parameters = 4; Tensor[] inputs = 5; RequestedOutput[] outputs = 6; "
    "bytes[] raw_input_contents = 7",
    "ModelInferResponse": "string model_name = 1; string model_version = 2; string id = 3; "
    "map<InferParameter> parameters = 4; Tensor[] outputs = 5; bytes[] raw_output_contents = 6",
    "ServerReadyRequest": "",
    "ServerReadyResponse": "bool ready = 1",
    "ModelReadyRequest": "string name = 1; string version = 2",
    "ModelReadyResponse": "bool ready = 1",
    "TensorMetadata": "string name = 1; string datatype = 2; int64[] shape = 3; "
    "map<InferParameter> parameters = 4",
    "ModelMetadataRequest": "string name = 1; string version = 2",
    "ModelMetadataResponse": "string name = 1; string[] versions = 2; string platform = 3; "
    "TensorMetadata[] inputs = 4; TensorMetadata[] outputs = 5",
    "RepositoryIndexRequest": "string repository_name = 1; bool ready = 2",
    "RepositoryIndexResponse": "ModelIndex[] models = 1",
    "ModelIndex": "string name = 1; string version = 2; string state = 3; string reason = 4",
}
"""`InferInputTensor` and `InferOutputTensor` of the specification are alike: both are `Tensor` here.

The list of models and the parameters of metadata are extensions that Triton and MLServer have.
"""


def _declare(message: DescriptorProto, declaration: str) -> None:
    """Add the field of a line such as `int64[] shape = 3`."""
    kind, name, _, number = declaration.split()
    field = message.field.add(name=name, number=int(number), label=FieldDescriptorProto.LABEL_OPTIONAL)
    if kind.endswith("[]") or kind.startswith("map<"):
        field.label = FieldDescriptorProto.LABEL_REPEATED
    if kind.startswith("map<"):
        entry = message.nested_type.add(name=f"{name.title()}Entry")
        entry.options.map_entry = True
        _declare(entry, "string key = 1")
        _declare(entry, f"{kind[4:-1]} value = 2")
        kind = f"{message.name}.{entry.name}"
    kind = kind.removesuffix("[]")
    if kind in _SCALARS:
        field.type = FieldDescriptorProto.Type.Value(f"TYPE_{kind.upper()}")
    else:
        field.type = FieldDescriptorProto.TYPE_MESSAGE
        field.type_name = f".inference.{kind}"


_SCALARS: Final = ("bool", "int32", "int64", "uint32", "uint64", "float", "double", "string", "bytes")


def _build_pool() -> DescriptorPool:
    file = FileDescriptorProto(name="open_inference.proto", package="inference", syntax="proto3")
    for name, declarations in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for declaration in filter(None, declarations.split("; ")):
            _declare(message, declaration)
        if name == "InferParameter":  # one of its fields is set, also to false or zero
            message.oneof_decl.add(name=_CHOICE)
            for field in message.field:
                field.oneof_index = 0
    pool = DescriptorPool()
    pool.Add(file)
    return pool


_POOL: Final = _build_pool()


def get_message(name: str) -> Any:
    """The class of a message, such as `ModelInferRequest`."""
    return GetMessageClass(_POOL.FindMessageTypeByName(f"inference.{name}"))


def read_parameters(parameters: Mapping[str, Any]) -> dict[str, bool | int | float | str]:
    """The values of a map of `InferParameter` by their names; one that holds none is left out."""
    chosen = {name: each.WhichOneof(_CHOICE) for name, each in sorted(parameters.items())}
    return {name: getattr(parameters[name], field) for name, field in chosen.items() if field is not None}
