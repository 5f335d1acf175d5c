"""What the shells complete, as they do it themselves."""
import pathlib
import shutil
import subprocess

from harness.case import MANUAL
from harness.lpctl import PROGRAM, LpctlCase

COMPLETIONS = pathlib.Path(__file__).resolve().parents[2] / "packaging/completions"

BASH = """source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _lpctl; printf '%s\\n' "${COMPREPLY[@]}" """

# compadd exists only within the shell's line editor.
ZSH = """compadd() { shift; print -rl -- "$@" }
words=("${@[2,-1]}"); CURRENT=${#words}; source "$1" """

FISH = """source $argv[1]; complete --do-complete (string join " " -- $argv[2..]) | string split -f1 \\t"""


class Completion(LpctlCase):
    configuration = MANUAL

    def completed(self, shell, *words):
        """What may follow; the last word has been begun."""
        there = self.directory / "bin"
        if not there.exists():
            there.mkdir()
            shutil.copy(PROGRAM, there / "lpctl")
        command = {
            "bash": ["bash", "--norc", "-c", BASH, "bash", COMPLETIONS / "lpctl.bash"],
            "zsh": ["zsh", "-f", "-c", ZSH, "zsh", COMPLETIONS / "_lpctl"],
            "fish": ["fish", "--no-config", "-c", FISH, COMPLETIONS / "lpctl.fish"],
        }[shell]
        environment = self.environment()
        environment["PATH"] = f"{there}:{environment['PATH']}"
        environment["HOME"] = str(self.directory)
        run = subprocess.run([*command, "lpctl", *words], env=environment, text=True, capture_output=True,
                             stdin=subprocess.DEVNULL, timeout=30, check=False)
        self.assertEqual(run.stderr, "")
        return {word for word in run.stdout.split() if word.startswith(words[-1])}

    def completes(self, shell):
        client = self.start()
        for name in ("lp_a", "lp_b"):
            self.offer_and_see(client, name)
        self.assertEqual(self.completed(shell, "re"), {"revert", "refresh", "resume"})
        self.assertLessEqual({"status", "apply", "history"}, self.completed(shell, ""))
        self.assertEqual(self.completed(shell, "apply", "--no-"), {"--no-ask-password", "--no-wait"})
        self.assertEqual(self.completed(shell, "apply", ""), {"lp_a", "lp_b"})
        self.assertEqual(self.completed(shell, "--json", "show", "lp_"), {"lp_a", "lp_b"})
        self.assertEqual(self.completed(shell, "apply", "lp_a", ""), {"lp_a", "lp_b"})
        self.assertEqual(self.completed(shell, "blockers", ""), set())

    def test_bash(self):
        self.completes("bash")
        self.assertEqual(self.completed("bash", "apply", "--reason", ""), set())

    def test_zsh(self):
        self.completes("zsh")
        self.assertEqual(self.completed("zsh", "apply", "--reason", ""), set())

    def test_fish(self):
        self.completes("fish")
