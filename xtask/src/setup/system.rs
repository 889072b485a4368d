//! What must come from the system: a C++ compiler, the headers of ALSA and JACK, what the Python hosts of the tests link,
//! of which none uses a display, and what tests play through and open the window on where there is neither sound card nor
//! screen. Looked for by what it does, not by a package's name, so that other systems than Debian and Ubuntu can be
//! satisfied by hand.

use super::{Scope, python};
use crate::Error;
use crate::command::{Run, step};
use std::collections::BTreeSet;
use std::path::Path;

/// How to see whether something is there.
enum Sign {
    /// A program in the `PATH`.
    Program(&'static str),
    /// A library's development files, as pkg-config knows them.
    Headers(&'static str),
    /// A shared library that the loader knows.
    Library(&'static str),
    /// A file.
    File(&'static str),
    /// A Python that can make virtual environments.
    PythonVenv,
    /// One that the Python hosts of the tests exist for.
    HostPython,
}

/// Something needed, and the Debian packages that bring it. What is called differently in different releases has all its names, `|`
/// between them, the newest first.
struct Need {
    sign: Sign,
    packages: &'static [&'static str],
    /// Whether all but some tests goes on without it: those that lack a program skip and say so, and fail where `CI`
    /// is set; those that lack something else fail.
    dispensable: bool,
}

const fn need(sign: Sign, packages: &'static [&'static str]) -> Need {
    Need { sign, packages, dispensable: false }
}

const fn wish(sign: Sign, packages: &'static [&'static str]) -> Need {
    Need { sign, packages, dispensable: true }
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
    // Ubuntu 22.04 has an older one as its usual.
    need(Sign::HostPython, &["python3.13-venv|python3.12-venv|python3.11-venv|python3-venv"]),
    // DawDreamer.
    need(Sign::Library("libGL.so.1"), &["libgl1"]),
    need(Sign::Library("libglib-2.0.so.0"), &["libglib2.0-0t64|libglib2.0-0"]),
    need(Sign::Library("libz.so.1"), &["zlib1g"]),
    // Pedalboard.
    need(Sign::Library("libatomic.so.1"), &["libatomic1"]),
    // A JACK server without a sound card, and ALSA's null device.
    wish(Sign::Program("jackd"), &["jackd2"]),
    wish(Sign::File("/usr/share/alsa/alsa.conf"), &["libasound2-data"]),
    // A screen that nobody sees, and what the plugin's window loads on one.
    wish(Sign::Program("Xvfb"), &["xvfb", "libgl1-mesa-dri", "libegl1"]),
    wish(Sign::Library("libX11-xcb.so.1"), &["libx11-xcb1"]),
    wish(Sign::Library("libxkbcommon-x11.so.0"), &["libxkbcommon-x11-0"]),
];

const COUNTS: &[Need] = &[need(Sign::Program("valgrind"), &["valgrind"])];

impl Sign {
    fn is_there(&self) -> bool {
        match self {
            Self::Program(name) => in_path(name),
            Self::Headers(name) => Run::new("pkg-config").args(["--exists", name]).works(),
            Self::Library(name) => loader_knows(name),
            Self::File(path) => Path::new(path).is_file(),
            Self::PythonVenv => !python::candidates().is_empty(),
            Self::HostPython => python::candidates().iter().any(python::Python::runs_hosts),
        }
    }

    fn describe(&self) -> String {
        match self {
            Self::Program(name) => format!("the program {name}"),
            Self::Headers(name) => format!("the development files of {name}"),
            Self::Library(name) | Self::File(name) => (*name).to_owned(),
            Self::PythonVenv => "Python 3 with venv".to_owned(),
            Self::HostPython => {
                let (first, last) = (python::HOST_VERSIONS.start(), python::HOST_VERSIONS.end());
                format!("Python 3.{first} to 3.{last} with venv")
            }
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
    known.is_some_and(|known| lists(&known, library))
}

/// Whether the loader's list has a library for this kind of processor; some machines have those of 32 bits alone.
fn lists(known: &str, library: &str) -> bool {
    known.lines().any(|line| {
        let is_it = line.split_whitespace().next() == Some(library);
        is_it && line.contains("x86-64")
    })
}

fn missing(scope: Scope) -> Vec<&'static Need> {
    let mut missing = needs(scope);
    missing.retain(|need| !need.sign.is_there());
    missing
}

fn needs(scope: Scope) -> Vec<&'static Need> {
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
    needs
}

/// Installs what is missing where that needs no password, and otherwise says which line to run.
pub(super) fn ensure(scope: Scope) -> Result<(), Error> {
    let lacking = missing(scope);
    if lacking.is_empty() {
        return Ok(());
    }
    let names = || packages(lacking.iter().copied(), is_known).join(" ");
    if !in_path("apt-get") {
        let help = format!("install what corresponds to these Debian packages, then try again: {}", names());
        return settle(&lacking, help);
    }
    let by_hand = || {
        format!("run this, then try again:\n  sudo apt-get update && sudo apt-get install --yes {}", names())
    };
    let is_root = Run::new("id").args(["-u"]).output().as_deref() == Some("0");
    if !is_root && !Run::new("sudo").args(["-n", "true"]).works() {
        return settle(&lacking, by_hand());
    }
    let apt = |args: &[&str]| {
        let command = if is_root { Run::new("env") } else { Run::new("sudo").args(["-n", "env"]) };
        let command = command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get"]);
        // A machine that has just been started may be updating itself.
        command.args(["-o", "DPkg::Lock::Timeout=300"]).args(args).run()
    };
    let install = |packages: Vec<&str>| {
        let install = ["install", "--yes", "--quiet=2", "--no-install-recommends"];
        if packages.is_empty() { Ok(()) } else { apt(&[&install, packages.as_slice()].concat()) }
    };
    step("reading the lists of system packages");
    // One source out of order among many is no reason to stop, nor are old lists: what counts is what is there in the end.
    let _ = apt(&["update", "--quiet=2"]);
    step(&format!("installing system packages: {}", names()));
    let (wished, needed): (Vec<_>, Vec<_>) = lacking.iter().copied().partition(|need| need.dispensable);
    let installed = install(packages(needed, is_known));
    // By itself, so that a package which cannot be had takes none of the others with it. What is missing then is told.
    let _ = install(packages(wished, is_known));
    let help = match installed {
        Ok(()) => by_hand(),
        Err(_) => format!(
            "apt-get says above what was in its way; without a network it can fetch nothing. Or {}",
            by_hand()
        ),
    };
    settle(&missing(scope), help)
}

/// Whether apt knows a package. Nothing is known where its lists were never fetched.
fn is_known(package: &str) -> bool {
    Run::new("apt-cache").args(["show", "--no-all-versions", package]).works()
}

/// The packages that bring what is needed, each once: of several names the first that is known, else the last, which newer packages
/// answer to.
fn packages<'a>(
    needs: impl IntoIterator<Item = &'a Need>,
    is_known: impl Fn(&str) -> bool,
) -> Vec<&'static str> {
    let name = |names: &&'static str| {
        let mut names = names.split('|').peekable();
        while let Some(name) = names.next() {
            if names.peek().is_none() || is_known(name) {
                return name;
            }
        }
        ""
    };
    let packages: BTreeSet<_> = needs.into_iter().flat_map(|need| need.packages.iter().map(name)).collect();
    packages.into_iter().collect()
}

/// Ends with what is still missing: an error, or a word to the reader if all goes on without it.
fn settle(lacking: &[&Need], help: String) -> Result<(), Error> {
    if lacking.is_empty() {
        return Ok(());
    }
    let what: Vec<_> = lacking.iter().map(|need| need.sign.describe()).collect();
    let what = what.join(", ");
    if lacking.iter().any(|need| !need.dispensable) {
        return Err(Error::System { what, help });
    }
    step(&format!(
        "not there: {what}. Tests that lack a program skip, or fail where CI is set; those that lack something else fail. \
         To have all of it, {help}"
    ));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_some_tests_need_may_be_missing() {
        let (needed, wished) =
            (need(Sign::Program("cc"), &["gcc"]), wish(Sign::Program("jackd"), &["jackd2"]));
        assert!(settle(&[], String::new()).is_ok());
        assert!(settle(&[&wished], String::new()).is_ok());
        let failed = settle(&[&wished, &needed], "install them".into()).unwrap_err().to_string();
        for part in ["the program cc", "the program jackd", "install them"] {
            assert!(failed.contains(part), "{part}: {failed}");
        }
    }

    #[test]
    fn a_package_goes_by_the_name_that_its_release_knows() {
        let needs = [need(Sign::Library("x"), &["new|old", "one"]), need(Sign::Library("y"), &["one"])];
        for (known, expected) in [(&["new", "old"][..], "new"), (&["old"], "old"), (&[], "old")] {
            assert_eq!(packages(&needs, |name| known.contains(&name)), [expected, "one"].as_slice());
        }
    }

    #[test]
    fn a_library_of_another_processor_is_none() {
        let known = "2 libs found\n\tlibGL.so.1 (libc6) => /lib/i386/libGL.so.1\n\tlibz.so.1.3 (libc6,x86-64) => /lib/z\n";
        assert!(!lists(known, "libGL.so.1") && !lists(known, "libz.so.1"));
        let both = format!("{known}\tlibGL.so.1 (libc6,x86-64) => /lib/x86_64-linux-gnu/libGL.so.1\n");
        assert!(lists(&both, "libGL.so.1"));
    }

    #[test]
    fn playing_needs_less_than_testing() {
        let programs = |scope| {
            let signs = needs(scope).into_iter().map(|need| need.sign.describe());
            signs.collect::<Vec<_>>()
        };
        let (playing, testing) = (programs(Scope::PLUGIN), programs(Scope::EVERYTHING));
        assert!(playing.iter().all(|sign| testing.contains(sign)));
        let jackd = "the program jackd".to_owned();
        assert!(testing.contains(&jackd) && !playing.contains(&jackd));
    }
}
