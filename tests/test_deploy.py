"""The hub for a class: its configuration as JupyterHub reads it, and a real one at work."""

import contextlib
import json
import os
import re
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import psutil
import pytest

from tgan_lessons import lessons

pytest.importorskip("jupyterhub", reason="JupyterHub is not installed")
from benchmarks import classroom

ROOT = Path(__file__).parent.parent
CONFIG = ROOT / "deploy" / "jupyterhub_config.py"
PASSWORD = "a class of thirty"
# Reads the file as the hub does, and prints what the hub would have.
LOAD = """
import json, sys
from jupyterhub.app import JupyterHub
hub = JupyterHub()
hub.load_config_file(sys.argv[1])
hub.load_config_environ()
hub.parse_command_line(sys.argv[2:])
spawner = hub.spawner_class(config=hub.config, _deprecated_db_session=None)
authenticator = hub.authenticator_class(config=hub.config)
print(json.dumps({
    "url": hub.bind_url,
    "hub": hub.hub_ip,
    "proxy": hub.config.ConfigurableHTTPProxy.get("api_url", "default"),
    "spawner": type(spawner).__name__,
    "authenticator": type(authenticator).__name__,
    "args": spawner.args,
    "environment": spawner.environment,
    "default_url": spawner.default_url,
    "pattern": authenticator.username_pattern,
    "groups": sorted(getattr(authenticator, "allowed_groups", [])),
    "names": {n: authenticator.validate_username(n) for n in ("anna", "b-2", "../x", "A/b")},
}))
"""
needs_hub = pytest.mark.skipif(bool(classroom.missing()), reason=classroom.missing() or "-")


def environment(folder, **variables):
    """This process' variables without any of the hub's, and those given."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("TGAN_HUB")}
    places = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    kept |= {"PYTHONPATH": os.pathsep.join(places), "TGAN_HUB_FOLDER": str(folder / "state")}
    return kept | variables


# What JupyterHub reads the file with, without the second that its import takes.
READ = """
import sys
from traitlets.config.loader import PyFileConfigLoader
PyFileConfigLoader(sys.argv[1]).load_config()
"""


def load(folder, *options, code=LOAD, **variables):
    """The finished process that read the configuration."""
    command = [sys.executable, "-c", code, str(CONFIG), *options]
    return subprocess.run(
        command, capture_output=True, text=True, env=environment(folder, **variables), timeout=120
    )


def settings(folder, *options, **variables):
    done = load(folder, *options, **variables)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    """What the hub has whose learners share one account."""
    folder = tmp_path_factory.mktemp("hub")
    password = folder / "password"
    password.write_text(f"{PASSWORD}\n", encoding="utf-8")
    found = settings(folder, TGAN_HUB_ACCOUNTS="one", TGAN_HUB_PASSWORD_FILE=str(password))
    return found | {"state": folder / "state"}


def test_it_listens_on_this_machine_only_and_uses_what_jupyterhub_ships(one):
    assert one["url"].startswith("http://127.0.0.1:8000") and one["hub"] == "127.0.0.1"
    assert one["proxy"] == "default"  # http://127.0.0.1:8001
    assert one["spawner"] == "SimpleLocalProcessSpawner"
    assert one["authenticator"] == "SharedPasswordAuthenticator"
    assert one["default_url"] == "/lab/tree/00_start_here.ipynb"
    assert "--allow-root" not in one["args"]
    assert one["state"].stat().st_mode & 0o077 == 0


def test_a_name_is_a_folder_and_never_a_path(one):
    assert one["names"] == {"anna": True, "b-2": True, "../x": False, "A/b": False}


def test_idle_kernels_and_servers_end(one):
    options = dict(re.fullmatch(r"--([\w.]+)=(.*)", text).groups() for text in one["args"])
    assert 0 < int(options["MappingKernelManager.cull_idle_timeout"]) <= 3600
    assert 0 < int(options["MappingKernelManager.cull_interval"]) <= 300
    assert 0 < int(options["ServerApp.shutdown_no_activity_timeout"]) <= 7200


def test_the_command_line_tells_it_where_to_listen(tmp_path):
    variables = {"TGAN_HUB_ACCOUNTS": "one", "TGAN_HUB_PASSWORD": PASSWORD}
    found = settings(tmp_path, "--url=http://0.0.0.0:9000", **variables)
    assert found["url"].startswith("http://0.0.0.0:9000")


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({}, "there is no password"),
        ({"TGAN_HUB_PASSWORD": "short"}, "at least 8 characters. Received: 5"),
        ({"TGAN_HUB_PASSWORD_FILE": "/nowhere"}, "TGAN_HUB_PASSWORD_FILE cannot be read"),
        ({"TGAN_HUB_ACCOUNTS": "all"}, "must be 'one' or 'system'. Received: 'all'"),
    ],
)
def test_it_refuses_to_start_and_says_why(tmp_path, variables, told):
    done = load(tmp_path, code=READ, **({"TGAN_HUB_ACCOUNTS": "one"} | variables))
    assert done.returncode != 0 and told in done.stderr
    assert "Traceback" not in done.stderr and not (tmp_path / "state").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can start servers as other accounts")
def test_root_gives_each_learner_an_account_of_the_machine(tmp_path):
    found = settings(tmp_path)
    assert found["spawner"] == "LocalProcessSpawner"
    assert found["authenticator"] == "PAMAuthenticator"
    assert found["groups"] == ["learners"]
    assert "--allow-root" not in found["args"]


# Runs the hook as the hub does, with the real spawner of the configuration.
HOOK = """
import asyncio, sys, types
from jupyterhub.app import JupyterHub
hub = JupyterHub()
hub.load_config_file(sys.argv[1])
spawner = hub.spawner_class(config=hub.config, _deprecated_db_session=None)
spawner.user = types.SimpleNamespace(name="anna")
asyncio.run(spawner.pre_spawn_hook(spawner))
"""


def test_a_learner_gets_the_lessons_and_keeps_what_was_changed(tmp_path):
    variables = {"TGAN_HUB_ACCOUNTS": "one", "TGAN_HUB_PASSWORD": PASSWORD}
    command = [sys.executable, "-c", HOOK, str(CONFIG)]
    ran = {"env": environment(tmp_path, **variables), "check": True, "timeout": 120}
    subprocess.run(command, **ran)
    home = tmp_path / "state" / "learners" / "anna"
    names = {path.name for path in (home / "lessons").glob("*.ipynb")}
    assert names == {lesson.path.name for lesson in lessons.all_lessons()}
    first, second = (home / "lessons" / name for name in sorted(names)[:2])
    first.write_text("mine", encoding="utf-8")
    second.unlink()
    subprocess.run(command, **ran)
    assert first.read_text(encoding="utf-8") == "mine"
    assert second.read_bytes() == (lessons.notebooks_dir() / second.name).read_bytes()
    if os.name == "posix":
        assert home.stat().st_mode & 0o077 == 0 and first.stat().st_mode & 0o077 == 0


def chart_values():
    yaml = pytest.importorskip("yaml")
    return yaml.safe_load((ROOT / "deploy" / "values.yaml").read_text(encoding="utf-8"))


def test_the_charts_values_hold_no_password_and_open_nothing():
    values = chart_values()
    assert set(values) == {"hub", "proxy", "singleuser", "cull"}
    assert values["hub"]["config"]["JupyterHub"]["authenticator_class"] == "shared-password"
    assert "SharedPasswordAuthenticator" not in values["hub"]["config"]
    assert values["proxy"]["service"]["type"] == "ClusterIP"
    assert values["cull"]["enabled"] and values["cull"]["timeout"] > 0
    known = {"image", "defaultUrl", "lifecycleHooks", "extraEnv", "extraFiles", "cpu", "memory"}
    assert set(values["singleuser"]) == known | {"storage"}


def test_the_charts_hook_copies_the_lessons(tmp_path):
    command = chart_values()["singleuser"]["lifecycleHooks"]["postStart"]["exec"]["command"]
    home = environment(tmp_path, HOME=str(tmp_path))
    subprocess.run([sys.executable, *command[1:]], env=home, check=True, timeout=120)
    assert (tmp_path / "lessons" / "00_start_here.ipynb").is_file()


def test_the_image_is_built_from_what_the_project_declares():
    yaml = pytest.importorskip("yaml")
    conda = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    (pip,) = (entry["pip"] for entry in conda["dependencies"] if isinstance(entry, dict))
    extras = re.fullmatch(r"-e \.\[([\w,]+)\]", pip[0])[1].split(",")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert "lab" in extras and set(extras) <= set(project["optional-dependencies"])


SHORT = """
c.Spawner.args = [argument for argument in c.Spawner.args if "cull_i" not in argument]
c.Spawner.args += ["--MappingKernelManager.cull_idle_timeout=8"]
c.Spawner.args += ["--MappingKernelManager.cull_interval=1"]
"""


@pytest.mark.long
@needs_hub
def test_two_learners_work_apart_and_an_idle_kernel_ends():
    with classroom.serve(SHORT) as hub:
        assert listening(hub) == {"127.0.0.1"}
        anna, ben = (classroom.Learner(hub, name) for name in ("anna", "ben"))
        assert anna.log_in("a wrong password") == 403 and not anna.token
        for learner in (anna, ben):
            assert learner.log_in() == 200
            learner.start_server()
            kernel = learner.start_kernel()
            assert kernel.text("print(6 * 7)") == "42\n"
            told = kernel.text("import os; print(os.environ['HOME'], os.environ.keys())")
            assert str(hub.folder / "learners" / learner.name) in told
            assert "TGAN_HUB" not in told  # neither password nor folder of the hub
        mine, others = "user/anna/api/contents", "user/ben/api/contents"
        assert anna.ask(mine).status_code == ben.ask(others).status_code == 200
        assert anna.ask(others).status_code == ben.ask(mine).status_code == 403
        assert "00_start_here.ipynb" in [file["name"] for file in anna.ask(mine).json()["content"]]
        assert classroom.Learner(hub, "nobody").ask(mine).status_code == 403
        wait_for(lambda: not anna.kernels() and not kernel_processes(hub))
        assert anna.ask(mine).status_code == 200  # her server is still there
    assert not psutil.pid_exists(hub.process.pid) or hub.process.poll() is not None


def listening(hub):
    """The addresses at which the hub and all that it started listen."""
    family = [hub.process.pid, *(p.pid for p in psutil.Process(hub.process.pid).children(True))]
    found = [c for c in psutil.net_connections("tcp") if c.status == "LISTEN" and c.pid in family]
    return {connection.laddr.ip for connection in found}


def kernel_processes(hub):
    found = []
    for process in psutil.Process(hub.process.pid).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            found += [process] if "ipykernel_launcher" in process.cmdline() else []
    return found


def wait_for(condition, seconds=120):
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, f"not within {seconds} s"
        time.sleep(0.5)
