"""Prints as JSON what proto/ and Envoy's own descriptors say about the messages and services in proto/.

{"proto": side, "official": side}, where side is
{"messages": {full name: {field name: {number, type, label, of, values, oneof}}},
 "services": {full name: {method: {input, output, requestStream, responseStream}}}}
with fields in the terms of FieldInfo in src/envoy/wire/field.ts. Argument: the path of proto/.
"""

import json
import os
import sys
import tempfile
from importlib import import_module, resources

from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.descriptor import FieldDescriptor
from grpc_tools import protoc

TYPES = {
    FieldDescriptor.TYPE_STRING: "string",
    FieldDescriptor.TYPE_BYTES: "bytes",
    FieldDescriptor.TYPE_BOOL: "bool",
    FieldDescriptor.TYPE_INT32: "int32",
    FieldDescriptor.TYPE_INT64: "int64",
    FieldDescriptor.TYPE_UINT32: "uint32",
    FieldDescriptor.TYPE_UINT64: "uint64",
    FieldDescriptor.TYPE_DOUBLE: "double",
    FieldDescriptor.TYPE_ENUM: "enum",
    FieldDescriptor.TYPE_MESSAGE: "message",
}


def describe_field(field):
    message = field.message_type
    is_map = message is not None and message.GetOptions().map_entry
    element = message.fields_by_name["value"] if is_map else field
    if is_map:
        label = "map"
    elif field.is_repeated:
        label = "repeated"
    else:
        label = "explicit" if field.has_presence else "implicit"
    of = element.message_type or element.enum_type
    return {
        "number": field.number,
        "type": TYPES.get(element.type, f"type {element.type}"),
        "label": label,
        "of": of.full_name if of else None,
        "values": {v.name: v.number for v in element.enum_type.values} if element.enum_type else None,
        "oneof": field.containing_oneof.name if field.containing_oneof else None,
    }


def describe_method(method):
    return {
        "input": method.input_type.full_name,
        "output": method.output_type.full_name,
        "requestStream": method.client_streaming,
        "responseStream": method.server_streaming,
    }


def messages_of(file):
    todo = list(file.message_types_by_name.values())
    while todo:
        message = todo.pop()
        if not message.GetOptions().map_entry:
            yield message
        todo.extend(message.nested_types)


def describe(files):
    return {
        "messages": {
            message.full_name: {field.json_name: describe_field(field) for field in message.fields}
            for file in files
            for message in messages_of(file)
        },
        "services": {
            service.full_name: {method.name: describe_method(method) for method in service.methods}
            for file in files
            for service in file.services_by_name.values()
        },
    }


def find_protos(root):
    for folder, _, names in os.walk(root):
        for name in sorted(names):
            if name.endswith(".proto"):
                yield os.path.relpath(os.path.join(folder, name), root).replace(os.sep, "/")


def compile_protos(root, paths):
    """The file descriptors of `paths`, in a pool of their own beside the official ones of the same names."""
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "descriptors")
        well_known = str(resources.files("grpc_tools") / "_proto")
        flags = [f"-I{root}", f"-I{well_known}", "--include_imports", f"--descriptor_set_out={out}"]
        if protoc.main(["protoc", *flags, *paths]) != 0:
            sys.exit("protoc failed")
        with open(out, "rb") as file:
            compiled = descriptor_pb2.FileDescriptorSet.FromString(file.read())
    pool = descriptor_pool.DescriptorPool()
    for file in compiled.file:
        pool.Add(file)
    return [pool.FindFileByName(path) for path in paths]


def official(path):
    return import_module(path.removesuffix(".proto").replace("/", ".") + "_pb2").DESCRIPTOR


if __name__ == "__main__":
    root = sys.argv[1]
    paths = list(find_protos(root))
    sides = {"proto": compile_protos(root, paths), "official": [official(path) for path in paths]}
    print(json.dumps({name: describe(files) for name, files in sides.items()}))
