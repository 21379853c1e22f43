#!/usr/bin/env python3
"""A model that says what it was told to: the far end of a real client's network.

Speaks what the clients speak: Messages (Claude Code), Responses (Codex), Chat Completions (OpenCode, Copilot),
generateContent (Gemini CLI). A request is answered with the tool call that is next, seen by how many results of
tools the conversation has; after the last one with a sentence. What the tools answered is kept in `results`.
"""
import http.server
import json
import threading


def texts(value):
    """Every string in a value, one after the other."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from texts(one)


class Model:
    def __init__(self, calls):
        self.calls = calls  # [(tool, arguments)]
        self.results = []
        self.requests = []
        model = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                self.send(200, "application/json", json.dumps({"object": "list", "data": [
                    {"id": "scripted", "object": "model", "created": 0, "owned_by": "test"}]}).encode())

            do_HEAD = do_GET

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                try:
                    request = json.loads(body or b"{}")
                except ValueError:
                    request = {}
                kind, text = model.answer(self.path, request)
                self.send(200, kind, text.encode())

            def send(self, status, kind, body):
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def refusals(self, word):
        return [text for text in self.results if word in text]

    def next(self, request, results, has_tools):
        self.requests.append(request)
        for result in results:
            text = "\n".join(texts(result))
            if text not in self.results:
                self.results.append(text)
        # Titles and summaries are asked for without tools.
        return self.calls[len(results)] if has_tools and len(results) < len(self.calls) else None

    def answer(self, path, request):
        if "/messages" in path:
            return self.messages(path, request)
        if "/responses" in path:
            return self.responses(request)
        if "enerateContent" in path:
            return self.generate(path, request)
        if "/chat/completions" in path:
            return self.chat(request)
        return "application/json", "{}"

    # Anthropic's Messages.
    def messages(self, path, request):
        if "count_tokens" in path:
            return "application/json", json.dumps({"input_tokens": 100})
        parts = [part for message in request.get("messages", []) if isinstance(message.get("content"), list)
                 for part in message["content"]]
        results = [part for part in parts if part.get("type") == "tool_result"]
        call = self.next(request, results, bool(request.get("tools")))
        head = {"id": f"msg_{len(self.requests)}", "type": "message", "role": "assistant",
                "model": request.get("model", "scripted"), "content": [], "stop_reason": None, "stop_sequence": None,
                "usage": {"input_tokens": 100, "output_tokens": 1}}
        block = ({"type": "tool_use", "id": f"toolu_{len(results)}", "name": call[0], "input": {}} if call
                 else {"type": "text", "text": ""})
        delta = ({"type": "input_json_delta", "partial_json": json.dumps(call[1])} if call
                 else {"type": "text_delta", "text": "I have done what I could."})
        reason = "tool_use" if call else "end_turn"
        if not request.get("stream"):
            content = ({**block, "input": call[1]} if call else {"type": "text", "text": delta["text"]})
            return "application/json", json.dumps({**head, "content": [content], "stop_reason": reason})
        events = [
            {"type": "message_start", "message": head},
            {"type": "content_block_start", "index": 0, "content_block": block},
            {"type": "content_block_delta", "index": 0, "delta": delta},
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": None},
             "usage": {"output_tokens": 20}},
            {"type": "message_stop"}]
        return "text/event-stream", "".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in events)

    # OpenAI's Responses.
    def responses(self, request):
        items = request.get("input") if isinstance(request.get("input"), list) else []
        results = [item for item in items if item.get("type", "").endswith("_call_output")]
        call = self.next(request, results, True)
        if call:
            item = {"type": "function_call", "id": f"fc_{len(results)}", "call_id": f"call_{len(results)}",
                    "name": call[0], "arguments": json.dumps(call[1])}
            if isinstance(call[1], str):
                item = {"type": "custom_tool_call", "id": f"ctc_{len(results)}", "call_id": f"call_{len(results)}",
                        "name": call[0], "input": call[1]}
        else:
            item = {"type": "message", "id": "msg_1", "role": "assistant",
                    "content": [{"type": "output_text", "text": "I have done what I could.", "annotations": []}]}
        number = f"resp_{len(self.requests)}"
        events = [
            {"type": "response.created", "response": {"id": number}},
            {"type": "response.output_item.added", "output_index": 0, "item": item},
            {"type": "response.output_item.done", "output_index": 0, "item": item},
            {"type": "response.completed", "response": {
                "id": number, "status": "completed", "output": [item],
                "usage": {"input_tokens": 100, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 20,
                          "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 120}}}]
        return "text/event-stream", "".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in events)

    # OpenAI's Chat Completions.
    def chat(self, request):
        results = [message for message in request.get("messages", []) if message.get("role") == "tool"]
        call = self.next(request, results, bool(request.get("tools")))
        message = {"role": "assistant", "content": None if call else "I have done what I could."}
        if call:
            message["tool_calls"] = [{"index": 0, "id": f"call_{len(results)}", "type": "function",
                                      "function": {"name": call[0], "arguments": json.dumps(call[1])}}]
        reason = "tool_calls" if call else "stop"
        base = {"id": f"chat_{len(self.requests)}", "created": 0, "model": "scripted"}
        usage = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
        if not request.get("stream"):
            return "application/json", json.dumps({
                **base, "object": "chat.completion", "usage": usage,
                "choices": [{"index": 0, "message": message, "finish_reason": reason}]})
        chunks = [{"choices": [{"index": 0, "delta": message, "finish_reason": None}]},
                  {"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]},
                  {"choices": [], "usage": usage}]
        lines = [json.dumps({**base, "object": "chat.completion.chunk", **chunk}) for chunk in chunks] + ["[DONE]"]
        return "text/event-stream", "".join(f"data: {line}\n\n" for line in lines)

    # Google's generateContent.
    def generate(self, path, request):
        parts = [part for content in request.get("contents", []) for part in content.get("parts", [])]
        results = [part for part in parts if "functionResponse" in part]
        call = self.next(request, results, bool(request.get("tools")))
        part = ({"functionCall": {"name": call[0], "args": call[1]}} if call
                else {"text": "I have done what I could."})
        answer = {"candidates": [{"content": {"role": "model", "parts": [part]}, "finishReason": "STOP", "index": 0}],
                  "usageMetadata": {"promptTokenCount": 100, "candidatesTokenCount": 20, "totalTokenCount": 120},
                  "modelVersion": "scripted"}
        if "stream" in path:
            return "text/event-stream", f"data: {json.dumps(answer)}\n\n"
        return "application/json", json.dumps(answer)
