"""JupyterHub for a class on one machine; README.md beside this file says how to use it.

    jupyterhub -f deploy/jupyterhub_config.py

Everything here is a setting of JupyterHub, jupyter_server or TensorFlow. Options on the command
line win over this file, for example `--url http://127.0.0.1:9000`.
"""

import asyncio
import os
import shutil
import subprocess
import sys
from pathlib import Path

c = get_config()  # noqa: F821 — JupyterHub provides it

LESSONS = "lessons"  # a learner's copies, in the learner's home
MINUTE = 60
SHORTEST = 8  # characters of a password, as JupyterHub asks


def refuse(reason: str) -> None:
    """Ends the start. An ordinary exception would be a page of traceback."""
    raise SystemExit(f"The hub does not start: {reason}. See deploy/README.md.")


def class_password() -> str:
    """The one password of the class, from TGAN_HUB_PASSWORD_FILE or TGAN_HUB_PASSWORD."""
    path, password = (os.environ.get(f"TGAN_HUB_PASSWORD{end}", "") for end in ("_FILE", ""))
    if path:
        try:
            password = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            refuse(f"TGAN_HUB_PASSWORD_FILE cannot be read ({error})")
    if not password:
        refuse("there is no password; set TGAN_HUB_PASSWORD_FILE or TGAN_HUB_PASSWORD")
    if len(password) < SHORTEST:
        refuse(f"the password must have at least {SHORTEST} characters. Received: {len(password)}")
    return password


async def copy_lessons(spawner) -> None:  # noqa: ANN001
    """Puts the lessons that are missing into the learner's folder, as the learner.

    The spawner's own function enters the home and takes the learner's rights: the hub, which may
    be root, writes nothing into a folder where a learner can lay links.
    """
    copy = "import sys, pathlib; from tgan_lessons.lessons import copy_missing\n"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", copy + "copy_missing(pathlib.Path(sys.argv[1]))", LESSONS),
        preexec_fn=spawner.make_preexec_fn(spawner.user.name),
        env={key: os.environ[key] for key in ("PATH", "PYTHONPATH") if key in os.environ},
        umask=0o077,
        stderr=subprocess.PIPE,
    )
    _, told = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"the lessons could not be copied: {told.decode(errors='replace')}")


# Whose rights a learner's server has. As root, each learner is an account of this machine, and
# Linux keeps them apart; otherwise all servers run as the account that started the hub.
accounts = os.environ.get("TGAN_HUB_ACCOUNTS") or ("system" if os.geteuid() == 0 else "one")
if accounts not in ("one", "system"):
    refuse(f"TGAN_HUB_ACCOUNTS must be 'one' or 'system'. Received: {accounts!r}")
if accounts == "system" and os.geteuid() != 0:
    refuse("only root can start servers as other accounts, which TGAN_HUB_ACCOUNTS=system asks for")

if accounts == "one":
    c.SharedPasswordAuthenticator.user_password = class_password()

folder = Path(os.environ.get("TGAN_HUB_FOLDER") or "tgan_hub").resolve()
folder.mkdir(mode=0o700, parents=True, exist_ok=True)

# The hub. It listens on this machine only; `--url` says otherwise.
c.JupyterHub.bind_url = os.environ.get("TGAN_HUB_URL") or "http://127.0.0.1:8000"
c.JupyterHub.hub_ip = "127.0.0.1"
c.JupyterHub.db_url = f"sqlite:///{folder}/jupyterhub.sqlite"
c.JupyterHub.cookie_secret_file = str(folder / "cookie_secret")
c.JupyterHub.active_server_limit = int(os.environ.get("TGAN_HUB_LEARNERS") or 40)
c.ConfigurableHTTPProxy.pid_file = str(folder / "proxy.pid")
places = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
proxy = shutil.which("configurable-http-proxy", path=places)
c.ConfigurableHTTPProxy.command = [proxy or "configurable-http-proxy"]

# Who may come in.
c.Authenticator.username_pattern = r"[a-z][a-z0-9_-]{0,31}"  # a folder's name, never a path
if accounts == "one":
    c.JupyterHub.authenticator_class = "shared-password"
    c.JupyterHub.spawner_class = "simple"
    c.Authenticator.allow_all = True  # who has the password
    c.SimpleLocalProcessSpawner.home_dir_template = str(folder / "learners" / "{username}")
    (folder / "learners").mkdir(mode=0o700, exist_ok=True)
else:
    c.JupyterHub.authenticator_class = "pam"
    c.JupyterHub.spawner_class = "localprocess"
    c.LocalAuthenticator.allowed_groups = {os.environ.get("TGAN_HUB_GROUP") or "learners"}
    c.Authenticator.blocked_users = {"root"}
    c.PAMAuthenticator.open_sessions = False

# A learner's server: JupyterLab on the first lesson, in the learner's own copies.
c.Spawner.cmd = [sys.executable, "-m", "jupyterhub.singleuser"]
c.Spawner.pre_spawn_hook = copy_lessons
c.Spawner.notebook_dir = f"~/{LESSONS}"
c.Spawner.default_url = "/lab/tree/00_start_here.ipynb"
c.Spawner.start_timeout = 2 * MINUTE  # a whole class starts at once
c.Spawner.http_timeout = 2 * MINUTE
c.LocalProcessSpawner.popen_kwargs = {"umask": 0o077}  # what a learner writes, others cannot read
c.Spawner.environment = {
    "TGAN_LESSONS_PRESET": "class",
    "TGAN_LESSONS_RESUME": "~/.tgan_lessons_resume",  # what an ended kernel had trained
}
if os.environ.get("TGAN_LESSONS_DATA"):
    data = Path(os.environ["TGAN_LESSONS_DATA"]).resolve()
    c.Spawner.environment["TGAN_LESSONS_DATA"] = str(data)

# Memory. A kernel with TensorFlow is most of what a learner needs, so an idle one goes first, with
# its variables; notebooks stay. Then the server goes; the next visit starts both again.
NOT_NEEDED = ("jupyter_lsp", "jupyter_server_terminals", "notebook")
c.Spawner.args = [
    f"--MappingKernelManager.cull_idle_timeout={20 * MINUTE}",
    f"--MappingKernelManager.cull_interval={MINUTE}",
    "--MappingKernelManager.cull_connected=True",  # a tab left open is no work
    f"--ServerApp.shutdown_no_activity_timeout={60 * MINUTE}",
    "--ServerApp.terminals_enabled=False",  # one left open would keep the server for ever
    "--LabApp.extension_manager=readonly",
    *(f"--ServerApp.jpserver_extensions={name}=False" for name in NOT_NEEDED),
]
