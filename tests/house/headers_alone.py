#!/usr/bin/env python3
"""Every public header compiles by itself: a reader may include any one of them first.

usage: headers_alone.py ROOT
"""
import concurrent.futures
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

FLAGS = ["-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-DBOOST_ASIO_SEPARATE_COMPILATION",
         "-DBOOST_BEAST_SEPARATE_COMPILATION", "-DBOOST_ASIO_NO_DEPRECATED"]


def compiled(compiler, includes, header):
    """The compiler's complaint about a file that includes this header and nothing else, twice."""
    line = f"#include <{header}>\n"
    done = subprocess.run([compiler, *FLAGS, *includes, "-x", "c++", "-"], input=line + line, text=True,
                          capture_output=True, check=False)
    return "" if done.returncode == 0 else f"<{header}> does not compile alone:\n{done.stderr[:2000]}"


def main(arguments):
    root = pathlib.Path(arguments[0] if arguments else ".").resolve()
    compiler = os.environ.get("CXX") or shutil.which("g++") or shutil.which("clang++")
    if not compiler:
        print("no C++ compiler found: set CXX")
        return 77
    with tempfile.TemporaryDirectory() as generated:
        subprocess.run([sys.executable, root / "client/catalogue/generate.py", "--cpp", generated], check=True)
        folders = [root / "client/include", pathlib.Path(generated)]
        headers = sorted(path.relative_to(folder).as_posix() for folder in folders for path in folder.glob("fleet/*.hpp"))
        includes = [f"-I{folder}" for folder in folders]
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            problems = [text for text in pool.map(lambda header: compiled(compiler, includes, header), headers) if text]
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
