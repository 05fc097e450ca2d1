"""What a page asked of its server and what came back: the only place where a run that is still to begin can be seen."""

from __future__ import annotations

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

AGAIN = ForwardMsg.FINISHED_EARLY_FOR_RERUN
PART = ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY


class Traffic:
    """Follows the messages of a page. Between a click and the start of its run the page itself calls itself idle."""

    def __init__(self, page) -> None:
        self.asked = False  # for a run that has not begun
        self.running = False
        self.parts = 0  # runs of a fragment alone that ended
        page.on("websocket", self._listen)

    @property
    def idle(self) -> bool:
        return not (self.asked or self.running)

    def _listen(self, socket) -> None:
        self.asked, self.running = True, False
        socket.on("framesent", self._sent)
        socket.on("framereceived", self._received)

    def _sent(self, message: bytes) -> None:
        if BackMsg.FromString(message).WhichOneof("type") == "rerun_script":
            self.asked = True

    def _received(self, message: bytes) -> None:
        told = ForwardMsg.FromString(message)
        kind = told.WhichOneof("type")
        if kind == "new_session":
            self.asked, self.running = False, True
        elif kind == "script_finished":
            self.running = False
            self.parts += told.script_finished == PART
            self.asked = self.asked or told.script_finished == AGAIN
