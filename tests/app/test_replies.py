"""`commonweal replies` takes a run's replies from one folder to another."""

import json

from commonweal.app.main import main
from commonweal.models.model import Reply, Usage
from commonweal.models.store import Call, ReplyStore


def test_replies_go_from_one_folder_to_another(tmp_path, capsys):
    run, file, other = tmp_path / "run", tmp_path / "r.replies", tmp_path / "deep" / "other"
    run.mkdir()
    (run / "plan.json").write_text(json.dumps({"digest": "sha256:p", "model": {"digest": "sha256:m"}}))
    store = ReplyStore(run / "replies.sqlite")
    call = Call("generate", "sha256:m", "p", "s", "{}")
    store.put(call, Reply("hello", Usage(1)))
    store.close()
    assert main(["replies", "export", str(run), str(file)]) == 0
    assert "1 replies, sha256:" in capsys.readouterr().out
    assert main(["replies", "import", str(file), str(other)]) == 0
    found = ReplyStore(other / "replies.sqlite")
    assert found.get(call) == Reply("hello", Usage(), True, Usage(1))
    found.close()
    assert main(["replies", "export", str(run), str(file)]) == 1
    assert "is there already" in capsys.readouterr().err
    (run / "plan.json").write_text(json.dumps({"digest": "sha256:p", "model": {"digest": "sha256:other"}}))
    assert main(["replies", "import", str(file), str(run)]) == 1
    assert "the model of this run" in capsys.readouterr().err
    assert main(["replies", "export", str(other), str(tmp_path / "x")]) == 1
    assert "no run's folder" in capsys.readouterr().err
