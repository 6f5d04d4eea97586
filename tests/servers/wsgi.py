# SPDX-License-Identifier: MIT
# The application that python.t has gunicorn serve: its answer, the file ANSWER, is known from the
# headers, and it reads no upload.
import os

with open(os.environ["ANSWER"], "rb") as stream:
    answer = stream.read()


def application(environ, start_response):
    start_response("401 Unauthorized", [("Content-Length", str(len(answer))), ("Connection", "close")])
    return [answer]
