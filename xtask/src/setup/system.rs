//! What must come from the system: a C++ compiler, the headers of ALSA and JACK, and what the Python
//! hosts of the tests link, of which none uses a display. Looked for by what it does, not by a package's name, so that other
//! systems than Debian and Ubuntu can be satisfied by hand.

use super::Scope;
use crate::Error;
use crate::command::{Run, step};
use std::collections::BTreeSet;

/// How to see whether something is there.
enum Sign {
    /// A program in the `PATH`.
    Program(&'static str),
    /// A library's development files, as pkg-config knows them.
    Headers(&'static str),
    /// A shared library that the loader knows.
    Library(&'static str),
    /// A Python that can make virtual environments.
    PythonVenv,
}

/// Something needed, and the Debian packages that bring it.
struct Need {
    sign: Sign,
    packages: &'static [&'static str],
}

const fn need(sign: Sign, packages: &'static [&'static str]) -> Need {
    Need { sign, packages }
}

const BUILD: &[Need] = &[
    need(Sign::Program("cc"), &["gcc", "libc6-dev"]),
    need(Sign::Program("pkg-config"), &["pkg-config"]),
    need(Sign::Headers("alsa"), &["pkg-config", "libasound2-dev"]),
    need(Sign::Headers("jack"), &["pkg-config", "libjack-jackd2-dev"]),
    need(Sign::PythonVenv, &["python3", "python3-venv"]),
];

const TRAINER: &[Need] = &[need(Sign::Program("c++"), &["g++"])];

const TESTS: &[Need] = &[
    // DawDreamer.
    need(Sign::Library("libGL.so.1"), &["libgl1"]),
    need(Sign::Library("libglib-2.0.so.0"), &["libglib2.0-0"]),
    need(Sign::Library("libz.so.1"), &["zlib1g"]),
    // Pedalboard.
    need(Sign::Library("libatomic.so.1"), &["libatomic1"]),
];

const COUNTS: &[Need] = &[need(Sign::Program("valgrind"), &["valgrind"])];

impl Sign {
    fn is_there(&self) -> bool {
        match self {
            Self::Program(name) => in_path(name),
            Self::Headers(name) => Run::new("pkg-config").args(["--exists", name]).works(),
            Self::Library(name) => loader_knows(name),
            Self::PythonVenv => !super::python::candidates().is_empty(),
        }
    }

    fn describe(&self) -> String {
        match self {
            Self::Program(name) => format!("the program {name}"),
            Self::Headers(name) => format!("the development files of {name}"),
            Self::Library(name) => (*name).to_owned(),
            Self::PythonVenv => "Python 3 with venv".to_owned(),
        }
    }
}

fn in_path(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(program).is_file()))
}

fn loader_knows(library: &str) -> bool {
    // ldconfig is often outside an ordinary user's PATH.
    let known = ["ldconfig", "/sbin/ldconfig", "/usr/sbin/ldconfig"]
        .into_iter()
        .find_map(|program| Run::new(program).args(["-p"]).output());
    known.is_some_and(|known| known.lines().any(|line| line.trim_start().starts_with(library)))
}

fn missing(scope: Scope) -> Vec<&'static Need> {
    let mut needs: Vec<_> = BUILD.iter().collect();
    if scope.trainer.is_some() {
        needs.extend(TRAINER);
    }
    if scope.tests {
        needs.extend(TESTS);
    }
    if scope.counts {
        needs.extend(COUNTS);
    }
    needs.retain(|need| !need.sign.is_there());
    needs
}

/// Installs what is missing where that needs no password, and otherwise says which line to run.
pub(super) fn ensure(scope: Scope) -> Result<(), Error> {
    let lacking = missing(scope);
    if lacking.is_empty() {
        return Ok(());
    }
    let packages: BTreeSet<_> = lacking.iter().flat_map(|need| need.packages.iter().copied()).collect();
    let packages: Vec<_> = packages.into_iter().collect();
    let names = packages.join(" ");
    let problem = |lacking: &[&Need], help: String| {
        let what: Vec<_> = lacking.iter().map(|need| need.sign.describe()).collect();
        Error::System { what: what.join(", "), help }
    };
    if !in_path("apt-get") {
        let help = format!("install what corresponds to these Debian packages, then try again: {names}");
        return Err(problem(&lacking, help));
    }
    let by_hand =
        format!("run this, then try again:\n  sudo apt-get update && sudo apt-get install --yes {names}");
    let is_root = Run::new("id").args(["-u"]).output().as_deref() == Some("0");
    if !is_root && !Run::new("sudo").args(["-n", "true"]).works() {
        return Err(problem(&lacking, by_hand));
    }
    step(&format!("installing system packages: {names}"));
    let apt = |args: &[&str]| {
        let command = if is_root { Run::new("env") } else { Run::new("sudo").args(["-n", "env"]) };
        command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get"]).args(args).run()
    };
    apt(&["update", "--quiet=2"])?;
    apt(&[&["install", "--yes", "--quiet=2", "--no-install-recommends"], packages.as_slice()].concat())?;
    match missing(scope) {
        still if still.is_empty() => Ok(()),
        still => Err(problem(&still, by_hand)),
    }
}
