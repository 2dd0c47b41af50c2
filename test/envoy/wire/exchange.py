"""Encodes and decodes with Envoy's own message classes: a list of steps as JSON on stdin, of results on stdout.

{"encode": full name, "json": protobuf's JSON form}  gives the bytes in base64;
{"decode": full name, "bytes": base64}               gives protobuf's JSON form.
"""

import base64
import json
import sys

from envoy.service.accesslog.v3 import als_pb2
from envoy.service.auth.v3 import external_auth_pb2
from envoy.service.ext_proc.v3 import external_processor_pb2
from google.protobuf import descriptor_pool, json_format, message_factory

# What the imports are for: importing puts the messages into the pool.
LOADED = (als_pb2, external_auth_pb2, external_processor_pb2)


def message_class(name):
    return message_factory.GetMessageClass(descriptor_pool.Default().FindMessageTypeByName(name))


def run(step):
    if "encode" in step:
        message = json_format.ParseDict(step["json"], message_class(step["encode"])())
        return base64.b64encode(message.SerializeToString()).decode()
    message = message_class(step["decode"]).FromString(base64.b64decode(step["bytes"]))
    return json_format.MessageToDict(message)


if __name__ == "__main__":
    print(json.dumps([run(step) for step in json.load(sys.stdin)]))
