"""Sharing over the hub: the hub's own client against a server on this machine that answers as the hub does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from header import Saved
from hub_server import TOKEN, Hub, Repository

from edgewise import EdgewiseError, Model
from edgewise.weights import load_model


@pytest.fixture
def model(saved: Saved) -> Model:
    return Model(saved.network, saved.card)


def same(one: Model, other: Model) -> bool:
    mine, theirs = one.network.state_dict(), other.network.state_dict()
    return one.card == other.card and all(
        torch.equal(mine[name], theirs[name]) for name in mine if not name.endswith("num_batches_tracked")
    )


def test_what_is_pushed_comes_back(hub: Hub, model: Model) -> None:
    assert model.push_to_hub("me/net", token=TOKEN) == f"{hub.url}/me/net"
    (commit,) = hub.repositories["me/net"].commits.values()
    assert set(commit) == {"model.safetensors", "config.json", "README.md", "multiply_adds.svg", "parameters.svg"}
    assert 'Model.from_pretrained("me/net")' in commit["README.md"].decode()
    assert hub.repositories["me/net"].messages == ["Model written by edgewise"]
    assert not hub.repositories["me/net"].private
    assert same(Model.from_pretrained("me/net"), model)


def test_the_hub_counts_the_download_and_knows_us(hub: Hub, model: Model) -> None:
    model.push_to_hub("me/net", token=TOKEN)
    hub.asked.clear()
    Model.from_pretrained("me/net")
    names = [one.split("/")[-1] for one in hub.asked]
    assert names[0] == "config.json"
    assert set(names) == {"config.json", "model.safetensors"}
    assert all(agent.startswith("edgewise/") for agent in hub.agents)


def test_the_default_token_and_a_private_repository(
    hub: Hub, model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    model.push_to_hub("me/net", private=True, commit_message="first")
    assert hub.repositories["me/net"].private
    assert same(Model.from_pretrained("me/net"), model)
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(EdgewiseError, match=r"no folder me/net here and no repository http.*me/net, or it is private"):
        Model.from_pretrained("me/net", cache_dir=tmp_path / "another")


def test_an_older_revision(hub: Hub, model: Model, saved: Saved) -> None:
    model.push_to_hub("me/net", token=TOKEN, commit_message="first")
    first = next(iter(hub.repositories["me/net"].commits))
    changed, card = load_model(saved.path)
    torch.nn.init.ones_(changed.get_parameter("2.classes.bias"))
    other = Model(changed, card)
    other.push_to_hub("me/net", token=TOKEN, commit_message="second")
    assert hub.repositories["me/net"].messages == ["first", "second"]
    assert same(Model.from_pretrained("me/net"), other)
    assert same(Model.from_pretrained("me/net", revision=first), model)
    with pytest.raises(EdgewiseError, match="me/net has no revision 'v9'; give a branch, a tag or a commit"):
        Model.from_pretrained("me/net", revision="v9")


def test_offline_from_the_cache(hub: Hub, model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model.push_to_hub("me/net", token=TOKEN)
    cache = tmp_path / "mine"
    with pytest.raises(EdgewiseError, match=r"me/net was looked for in the cache .* connect to the network, or give a"):
        Model.from_pretrained("me/net", cache_dir=cache, local_files_only=True)
    Model.from_pretrained("me/net", cache_dir=cache)
    hub.asked.clear()
    assert same(Model.from_pretrained("me/net", cache_dir=cache, local_files_only=True), model)
    assert hub.asked == []
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert same(Model.from_pretrained("me/net", cache_dir=cache), model)
    with pytest.raises(EdgewiseError, match=r"me/other was looked for in the cache"):
        Model.from_pretrained("me/other", cache_dir=cache)
    with pytest.raises(EdgewiseError, match="cannot be reached for me/net"):
        model.push_to_hub("me/net", token=TOKEN)


def refused(repo: str, **options: str) -> str:
    with pytest.raises(EdgewiseError) as caught:
        Model.from_pretrained(repo, **options)  # type: ignore[arg-type]
    message = str(caught.value)
    assert "\n" not in message
    assert repo in message
    return message


def test_no_such_repository(hub: Hub) -> None:
    assert f"no repository {hub.url}/me/nothing" in refused("me/nothing")
    assert "neither a folder that exists nor the name of a repository" in refused("./no/such/folder")
    assert "hf auth login" in refused("me/nothing", token="hf_wrong")


def test_a_repository_for_some_only(hub: Hub, model: Model) -> None:
    model.push_to_hub("me/net", token=TOKEN)
    hub.repositories["me/net"].gated = True
    assert "only for those who were granted access" in refused("me/net")
    assert same(Model.from_pretrained("me/net", token=TOKEN), model)


def test_repositories_of_other_libraries(hub: Hub, model: Model) -> None:
    hub.repositories["a/bert"] = Repository()
    hub.repositories["a/bert"].commit({"config.json": b'{"model_type": "bert"}', "model.safetensors": b"x" * 9}, "")
    assert "a/bert holds no model of edgewise: its config.json is another library's" in refused("a/bert")
    assert not any("safetensors" in one for one in hub.asked)  # which may be large
    hub.repositories["a/text"] = Repository()
    hub.repositories["a/text"].commit({"README.md": b"hello"}, "")
    assert "a/text holds no model of edgewise: it has no config.json" in refused("a/text")
    model.push_to_hub("me/net", token=TOKEN)
    (files,) = hub.repositories["me/net"].commits.values()
    del files["model.safetensors"]
    assert "me/net holds no model of edgewise: it has no model.safetensors" in refused("me/net")


def test_a_newer_format(hub: Hub, model: Model) -> None:
    model.push_to_hub("me/net", token=TOKEN)
    (files,) = hub.repositories["me/net"].commits.values()
    files["config.json"] = json.dumps(json.loads(files["config.json"]) | {"format": 9}).encode()
    assert "me/net has format 9 and this edgewise reads up to 1; upgrade edgewise" in refused("me/net")


def test_a_damaged_model_file(hub: Hub, model: Model) -> None:
    model.push_to_hub("me/net", token=TOKEN)
    (files,) = hub.repositories["me/net"].commits.values()
    files["model.safetensors"] = files["model.safetensors"][:-8]
    assert "cut short by 8 bytes" in refused("me/net")


def test_pushing_without_the_right_to(hub: Hub, model: Model) -> None:
    for repo, token in (("me/net", None), ("me/net", "hf_wrong"), ("somebody/net", TOKEN)):
        with pytest.raises(
            EdgewiseError, match=rf"does not let you do this with {repo} \(status 40[13]\).*log in with"
        ):
            model.push_to_hub(repo, token=token)
    assert hub.repositories == {}
    with pytest.raises(EdgewiseError, match="neither a folder that exists nor the name of a repository"):
        model.push_to_hub("not a name", token=TOKEN)


def test_a_hub_that_is_broken_or_not_there(hub: Hub, model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.broken = True
    monkeypatch.setattr("time.sleep", lambda seconds: None)  # between the client's attempts
    with pytest.raises(EdgewiseError, match=r"refused me/net: .*500.*; try again later"):
        model.push_to_hub("me/net", token=TOKEN)
    assert "was looked for in the cache" in refused("me/net")
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    assert "could not be fetched from http://127.0.0.1:9; connect" in refused("me/net")
    with pytest.raises(EdgewiseError, match=r"http://127\.0\.0\.1:9 cannot be reached for me/net \(.*\); connect to"):
        model.push_to_hub("me/net", token=TOKEN)


def test_the_command_and_the_hub_named_in_the_environment(hub: Hub, saved: Saved, tmp_path: Path) -> None:
    program = (
        "import sys, numpy as np\n"
        "from edgewise.cli import main\n"
        f"sys.argv = ['edgewise', 'share', {str(saved.path)!r}, '--repo', 'me/net', '--private']\n"
        "try:\n    main()\nexcept SystemExit as ended:\n    assert not ended.code\n"
        "from edgewise import Model\n"
        "print(list(Model.from_pretrained('me/net')(np.zeros((9, 9, 3), np.uint8), top=3)))\n"
    )
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(sys.path),
        "PYTHONIOENCODING": "utf-8",
        "HF_ENDPOINT": hub.url,
        "HF_HOME": str(tmp_path / "home"),
        "HF_TOKEN": TOKEN,
    }
    ended = subprocess.run(
        [sys.executable, "-W", "error::UserWarning:edgewise", "-c", program],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    told, found = ended.stdout.splitlines()
    assert told == f"pushed to {hub.url}/me/net"
    assert set(eval(found)) == set(saved.card.classes)
    assert hub.repositories["me/net"].private
