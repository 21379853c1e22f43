#!/usr/bin/env python3
"""Which room may include what. The compiler refuses foreign rooms already; this says why, and watches over the rest.

usage: layers.py ROOT
"""
import pathlib
import re
import sys

# room: rooms it may see. The same as USES in client/CMakeLists.txt and daemon/CMakeLists.txt, which is checked.
ROOMS = {
    "model": [],
    "direct": ["model"],
    "transport": ["model"],
    "api": ["model", "transport", "direct"],
    "simulation": ["api", "transport", "direct", "model"],
    "cli": ["simulation", "api", "transport", "direct", "model"],
    "observe": ["model"],
    "pg": ["model"],
    "schema": ["pg", "model"],
    "store": ["pg", "model"],
    "bus": ["store", "pg", "direct", "model", "observe"],
    "auth": ["store", "pg", "model"],
    "services": ["model", "observe", "transport"],
    "backups": ["services", "pg", "direct", "model", "observe"],
    "operations": ["store", "bus", "auth", "model", "pg", "direct", "observe"],
    "net": ["model", "observe"],
    "faces": ["net", "operations", "auth", "bus", "model", "observe"],
    "duties": ["operations", "store", "bus", "direct", "model", "observe", "pg", "auth"],
    "app": ["faces", "net", "operations", "duties", "backups", "services", "schema", "bus", "auth", "store", "pg",
            "direct", "observe", "model"],
}
# A room that reaches its rooms through another room's declaration need not repeat them in CMake.
REACHED = {
    "simulation": ["model", "transport", "direct"],
    "cli": ["model", "transport", "direct"],
    "operations": ["pg", "direct", "observe"],
    "faces": ["auth", "bus", "observe"],
    "duties": ["pg", "auth"],
}
# header prefix: rooms that may include it. What no line names is the standard library or the system.
LIBRARIES = {
    "pqxx/": ["pg"],
    "libpq-fe.h": ["direct", "pg"],
    "boost/beast": ["net", "transport"],
    "boost/url": ["transport", "faces", "net"],
    "boost/asio.hpp": [],
    "boost/asio": ["direct", "transport", "api", "simulation", "cli", "pg", "schema", "store", "bus", "auth", "services", "operations",
                   "net", "faces", "duties", "backups", "app"],
    "boost/system": ["model", "direct", "transport", "api", "simulation", "cli", "pg", "bus", "services", "net", "faces", "app"],
    "boost/assert": ["model", "pg"],
    "nlohmann/": ["model"],
    "spdlog/": ["observe"],
    "CLI/": ["cli", "app"],
    "toml++/": ["cli", "app"],
    "zstd.h": ["cli", "backups"],
    "openssl/": ["cli", "transport", "net", "auth", "schema", "services", "backups", "operations", "faces", "app"],
}
# Public headers that belong to the client library; all others are values of the model.
CLIENT_HEADERS = {"fleet.hpp", "client.hpp", "calls.hpp", "subscription.hpp", "reservation_lease.hpp", "sortie_lease.hpp", "blocking.hpp",
                  "records.hpp", "work.hpp", "work_records.hpp", "orders.hpp", "mail.hpp", "safety.hpp", "survival.hpp",
                  "session_environment.hpp"}
# What the model must not know: the outside world. `new_id` has clock and chance, `workspace` looks at directories.
MODEL_BANNED = re.compile(r"\b(?:getenv|setenv|system_clock|steady_clock|random_device|sleep_for|ifstream|ofstream|fopen)\b")
MODEL_EXCEPT = {"id.cpp", "workspace.cpp"}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def room_of(root, path):
    parts = path.relative_to(root).parts
    if parts[:3] == ("client", "include", "fleet"):
        return "api" if parts[3] in CLIENT_HEADERS else "model"
    return parts[1] if parts[0] in ("client", "daemon") and parts[1] in ROOMS else None


def library_problem(room, header):
    for prefix in sorted(LIBRARIES, key=len, reverse=True):
        if header.startswith(prefix):
            return None if room in LIBRARIES[prefix] else f"{room} may not see {prefix.rstrip('/')}"
    return None


def include_problem(room, quote, header):
    if header.startswith("fleet/"):
        if header.removeprefix("fleet/") in CLIENT_HEADERS and room not in ("api", "simulation", "cli"):
            return f"{room} may not see the client library"
        return None
    if quote == "<":
        return library_problem(room, header)
    other = header.split("/")[0]
    if other not in ROOMS:
        return f"write \"room/file.hpp\", not \"{header}\"" if "/" not in header else None
    if other != room and other not in ROOMS[room]:
        return f"{room} may not see {other}"
    return None


def check_sources(root):
    for folder in ("client", "daemon"):
        for path in sorted((root / folder).rglob("*.[ch]pp")):
            room = room_of(root, path)
            if room is None:
                continue
            for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
                match = INCLUDE.match(line)
                problem = include_problem(room, *match.groups()) if match else None
                if room == "model" and path.name not in MODEL_EXCEPT and MODEL_BANNED.search(line.split("//")[0]):
                    problem = "model knows no clock, no chance, no environment and no file"
                if problem:
                    yield f"{path.relative_to(root)}:{number}: {problem}: {line.strip()}"


def check_declarations(root):
    text = "".join((root / folder / "CMakeLists.txt").read_text(encoding="utf-8") for folder in ("client", "daemon"))
    for match in re.finditer(r"fleet_room\((\w+)([^()]*)\)", text):
        room, rest = match.group(1), match.group(2)
        uses = re.search(r"USES((?:\s+[a-z]+)+)", rest)
        declared = set(uses.group(1).split() if uses else []) - {"asio"}
        if room not in ROOMS:
            yield f"CMakeLists.txt: room {room} is not in the table of tests/house/layers.py"
            continue
        wanted = set(ROOMS[room]) - set(REACHED.get(room, []))
        for missing in sorted(wanted - declared):
            yield f"CMakeLists.txt: room {room} does not declare {missing}, which the table of layers.py allows"
        for extra in sorted(declared - set(ROOMS[room])):
            yield f"CMakeLists.txt: room {room} declares {extra}, which the table of layers.py does not allow"


def main(arguments):
    root = pathlib.Path(arguments[0] if arguments else ".").resolve()
    problems = [*check_sources(root), *check_declarations(root)]
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
