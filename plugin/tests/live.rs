//! The commands that play through a sound card, as a shell and a terminal run them, on simulated devices.

#![cfg(feature = "live")]
#![allow(clippy::unwrap_used, reason = "clippy's exception for tests does not reach their helpers")]

use std::path::Path;
use std::process::{Command, Output};
use tonewright::factory::MODELS;

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tonewright"));
    command.args(arguments);
    command
}

fn tonewright(arguments: &[&str]) -> Output {
    command(arguments).output().expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The number behind a word.
fn number_after(said: &str, word: &str) -> f64 {
    let rest = said.split_once(word).unwrap_or_else(|| panic!("no \"{word}\" in: {said}")).1;
    let number: String = rest.trim_start().chars().take_while(|c| "+-.0123456789".contains(*c)).collect();
    number.parse().unwrap_or_else(|_| panic!("no number after \"{word}\" in: {said}"))
}

#[test]
fn devices_are_listed_for_people_and_for_programs() {
    let run = tonewright(&["devices", "--backend", "mock"]);
    let said = text(&run.stdout);
    assert!(
        run.status.success() && said.contains("2 in") && said.contains("usual input and output"),
        "{said}"
    );
    let run = tonewright(&["devices", "--backend", "mock", "--json"]);
    assert!(run.status.success(), "{}", text(&run.stderr));
    let listing: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
    assert_eq!(listing["backend"], "mock");
    let devices = listing["devices"].as_array().unwrap();
    let usual = devices.iter().filter(|d| d["default_output"] == true).collect::<Vec<_>>();
    assert_eq!(usual.len(), 1);
    assert_eq!((&usual[0]["channels_in"], &usual[0]["channels_out"]), (&2.into(), &2.into()));
    assert_eq!(usual[0]["default_sample_rate_hz"], 48_000);
    assert!(usual[0]["sample_rates_hz"].as_array().unwrap().contains(&44_100.into()));
    assert!(said.contains(usual[0]["name"].as_str().unwrap()), "{said}");
}

#[test]
fn live_plays_and_sums_up() {
    let model = MODELS[1].id;
    let run = tonewright(&[
        "live",
        "--backend",
        "mock",
        "--seconds",
        "0.5",
        "--model",
        model,
        "--engine",
        "native",
        "--gain",
        "-6",
        "--rate",
        "44100",
        "--buffer",
        "64",
    ]);
    let said = text(&run.stdout);
    assert!(run.status.success(), "{said}{}", text(&run.stderr));
    assert!(
        said.starts_with("playing through ") && said.contains("44100 Hz, buffers of 64 samples"),
        "{said}"
    );
    // How long it says that it played depends on how busy the machine is.
    let blocks = number_after(said.split_once("played ").unwrap().1, ": ");
    assert!(blocks > 0.0 && number_after(&said, "blocks,") == 64.0 * blocks, "{said}");
    assert_eq!([number_after(&said, "gaps"), number_after(&said, "restarts")], [0.0; 2], "{said}");
}

#[test]
fn an_unknown_device_is_answered_with_those_there_are() {
    for arguments in [&["live", "--model", "none", "--input", "banjo"][..], &["latency", "--output", "banjo"]]
    {
        let run = tonewright(&[arguments, &["--backend", "mock"]].concat());
        let said = text(&run.stderr);
        assert!(!run.status.success());
        assert!(said.contains("\"banjo\"") && said.contains("Mock"), "{said}");
    }
}

#[test]
fn what_needs_a_whole_file_is_refused_before_a_device_is_looked_for() {
    let folder = tempfile::tempdir().unwrap();
    let chain = folder.path().join("podcast.yaml");
    std::fs::write(&chain, "chain:\n  - gain: { gain_db: 3 }\n  - normalise: { level_db: -1 }\n").unwrap();
    let chain = chain.to_str().unwrap();
    let run = tonewright(&["live", "--backend", "mock", "--input", "banjo", "--chain", chain]);
    let said = text(&run.stderr);
    assert!(!run.status.success());
    assert!(said.contains("normalise") && said.contains("live") && !said.contains("banjo"), "{said}");
}

#[test]
fn flags_that_make_no_sense_are_answered_with_what_would() {
    for (arguments, expected) in [
        (&["live", "--model", "none", "--buffer", "0"][..], "buffer"),
        (&["live", "--model", "none", "--rate", "1"], "sample rate"),
        (&["live", "--model", "none", "--seconds", "0"], "seconds"),
        (&["live", "--model", "none", "--seconds", "nan"], "seconds"),
        (&["live", "--model", "none", "--high-pass", "23000", "--rate", "44100"], "22050"),
        (&["live", "--model", "none", "--seconds", "-1"], "above 0"),
        (&["live", "--model", "none", "--rate", "-48000"], "expected a whole number"),
        (&["live", "--model", "none", "--buffer", "-5"], "expected a whole number"),
        (&["live", "--model", "none", "--channels-in", "-1"], "expected a whole number"),
        (&["live", "--model", "none", "--channels-out", "-1"], "expected a whole number"),
        (&["latency", "--channels-in", "0"], "round trip"),
        (&["devices", "--backend", "asio"], "mock"),
    ] {
        let mut arguments = arguments.to_vec();
        if !arguments.contains(&"--backend") {
            arguments.extend(["--backend", "mock"]);
        }
        if arguments[0] == "live" && !arguments.contains(&"--seconds") {
            arguments.extend(["--seconds", "1"]);
        }
        let run = tonewright(&arguments);
        let said = text(&run.stderr);
        assert!(!run.status.success() && said.contains(expected), "{arguments:?}: {said}");
        assert!(!said.contains("panicked") && !said.contains("unexpected"), "{arguments:?}: {said}");
    }
}

/// A machine without a sound card: ALSA without a single definition, and a JACK server that nobody runs.
fn without_devices(arguments: &[&str], alsa: &Path) -> Output {
    let mut command = command(arguments);
    command.env("ALSA_CONFIG_PATH", alsa).env("JACK_NO_START_SERVER", "1");
    command.env("JACK_DEFAULT_SERVER", "tonewright-test-nobody").env_remove("JACK_SERVER_NAME");
    command.output().expect("the program starts")
}

#[test]
#[cfg(target_os = "linux")]
fn a_machine_without_devices_gets_one_clear_answer() {
    let folder = tempfile::tempdir().unwrap();
    let alsa = folder.path().join("asound.conf");
    std::fs::write(&alsa, "").unwrap();
    for command in [&["devices"][..], &["devices", "--json"], &["live", "--model", "none"], &["latency"]] {
        for backend in ["auto", "system", "jack"] {
            let run = without_devices(&[command, &["--backend", backend]].concat(), &alsa);
            let (code, out, said) = (run.status.code(), text(&run.stdout), text(&run.stderr));
            assert!(code.is_some_and(|code| code != 0), "{command:?} {backend}: {code:?}");
            assert_eq!(out, "", "{command:?} {backend}");
            // What libraries have to say about it is no help to anybody.
            let errors: Vec<_> = said.lines().filter(|line| !line.starts_with("playing noise")).collect();
            assert!(errors.len() == 1 && errors[0].starts_with("error: "), "{command:?} {backend}: {said}");
            let system = if backend == "jack" { "JACK" } else { "ALSA" };
            assert!(errors[0].contains(system), "{command:?} {backend}: {said}");
        }
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_device_that_leads_nowhere_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let alsa = folder.path().join("asound.conf");
    std::fs::write(&alsa, "pcm.null { type null hint { show on description \"nothing\" } }\n").unwrap();
    let run = without_devices(&["devices"], &alsa);
    let said = text(&run.stderr);
    assert_eq!(run.status.code(), Some(1));
    assert!(said.starts_with("error: there is no sound device at ALSA"), "{said}");
    assert!(said.contains("plug one in, or start a JACK server"), "{said}");
    assert_eq!(text(&run.stdout), "");
}

#[test]
fn the_round_trip_of_a_cable_is_measured() {
    let cable = ["--backend", "mock", "--input", "cable", "--output", "cable"];
    let run = tonewright(&[&["latency"][..], &cable].concat());
    let said = text(&run.stdout);
    assert!(run.status.success(), "{}", text(&run.stderr));
    assert!((number_after(&said, "measured") - 512.0).abs() < 0.02, "{said}");
    assert!(said.contains("reported") && said.contains("input 1 at -6.0 dB\n"), "{said}");
    // On the other device somebody plays the guitar, which is no cable.
    let run = tonewright(&["latency", "--backend", "mock"]);
    let said = text(&run.stderr);
    assert!(!run.status.success() && said.contains("cable") && said.contains("dBFS"), "{said}");
}

#[cfg(unix)]
mod unix {
    use super::*;
    use std::fs::File;
    use std::io::{BufRead, BufReader, Read, Write};
    use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
    use std::os::unix::process::{CommandExt, ExitStatusExt};
    use std::process::{Child, ExitStatus, Stdio};
    use std::sync::{Arc, Mutex};
    use std::time::{Duration, Instant};

    const PLAY: [&str; 7] = ["live", "--backend", "mock", "--model", "none", "--gain", "-6"];

    /// Far longer than anything here takes on the slowest machine.
    const LONGEST: Duration = Duration::from_secs(120);

    fn signal(child: &Child, signal: libc::c_int) {
        // SAFETY: sends a signal to a child that has not been waited for.
        assert_eq!(unsafe { libc::kill(child.id() as libc::pid_t, signal) }, 0);
    }

    /// Plays into a pipe, and hears what is said after the beginning. What Ctrl-C and a terminal that is closed do at first
    /// may differ from run to run of the tests.
    fn play(
        at_first: libc::sighandler_t,
        more: &[&str],
    ) -> (Child, impl Iterator<Item = std::io::Result<String>>) {
        let mut command = command(&[&PLAY[..], more].concat());
        // SAFETY: the calls are allowed between fork and exec.
        unsafe {
            command.pre_exec(move || {
                [libc::SIGINT, libc::SIGHUP].iter().for_each(|&signal| {
                    libc::signal(signal, at_first);
                });
                Ok(())
            })
        };
        let mut child = command.stdout(Stdio::piped()).stdin(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        assert!(first.starts_with("playing through "), "{first}");
        (child, lines)
    }

    #[test]
    fn what_nohup_and_shells_ignore_stays_ignored() {
        let (mut child, lines) = play(libc::SIG_IGN, &["--seconds", "1.5"]);
        signal(&child, libc::SIGHUP);
        signal(&child, libc::SIGINT);
        let rest = lines.map(Result::unwrap).collect::<Vec<_>>().join("\n");
        assert!(child.wait().unwrap().success());
        assert!(rest.starts_with("played ") && !rest.starts_with("played 0:00"), "{rest}");
    }

    #[test]
    fn it_ends_quietly_where_nobody_reads_any_more() {
        let mut command = command(&PLAY);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.next().unwrap().unwrap().starts_with("playing through "));
        drop(lines);
        let run = child.wait_with_output().unwrap();
        assert_eq!((run.status.code(), text(&run.stderr)), (Some(0), String::new()));
    }

    #[test]
    fn without_a_terminal_a_signal_ends_it_with_a_summary() {
        for request in [libc::SIGTERM, libc::SIGINT] {
            let (mut child, lines) = play(libc::SIG_DFL, &[]);
            signal(&child, request);
            let rest = lines.map(Result::unwrap).collect::<Vec<_>>().join("\n");
            assert!(child.wait().unwrap().success() && rest.starts_with("played "), "{rest}");
            assert!(!rest.contains('\x1b'), "{rest}");
        }
    }

    /// The program in a terminal.
    struct Session {
        child: Child,
        keyboard: File,
        line: OwnedFd,
        screen: Arc<Mutex<Vec<u8>>>,
    }

    impl Session {
        fn begin() -> Self {
            Self::of_size(100, 30)
        }

        fn of_size(columns: u16, rows: u16) -> Self {
            let (mut master, mut slave) = (-1, -1);
            let size = libc::winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
            let (name, modes) = (std::ptr::null_mut(), std::ptr::null());
            // SAFETY: both descriptors are written by it, the size is read, name and modes may be null.
            assert_eq!(unsafe { libc::openpty(&mut master, &mut slave, name, modes, &size) }, 0);
            // SAFETY: it has opened both, and nobody else knows them.
            let (master, line) = unsafe { (File::from_raw_fd(master), OwnedFd::from_raw_fd(slave)) };
            let end = || Stdio::from(line.try_clone().unwrap());
            let child = command(&PLAY).stdin(end()).stdout(end()).stderr(end()).spawn().unwrap();
            let screen = Arc::new(Mutex::new(Vec::new()));
            let (mut shown, kept) = (master.try_clone().unwrap(), screen.clone());
            std::thread::spawn(move || {
                let mut some = [0; 4096];
                while let Ok(read @ 1..) = shown.read(&mut some) {
                    kept.lock().unwrap().extend_from_slice(&some[..read]);
                }
            });
            Self { child, keyboard: master, line, screen }
        }

        fn shown(&self) -> String {
            text(&self.screen.lock().unwrap())
        }

        /// Waits for a text on the screen, behind what was there before.
        fn wait_for(&self, expected: &str) {
            let begin = Instant::now();
            while !self.shown().contains(expected) {
                assert!(begin.elapsed() < LONGEST, "no \"{expected}\" in: {}", self.shown());
                std::thread::sleep(Duration::from_millis(20));
            }
        }

        fn press(&mut self, keys: &str) {
            self.keyboard.write_all(keys.as_bytes()).unwrap();
        }

        fn modes(&self) -> libc::tcflag_t {
            // SAFETY: a structure of numbers, which may all be 0; the call writes it.
            let mut modes: libc::termios = unsafe { std::mem::zeroed() };
            // SAFETY: the descriptor is open, and is a terminal's.
            assert_eq!(unsafe { libc::tcgetattr(self.line.as_raw_fd(), &mut modes) }, 0);
            modes.c_lflag & (libc::ICANON | libc::ECHO | libc::ISIG)
        }

        fn end(&mut self) -> ExitStatus {
            let begin = Instant::now();
            loop {
                if let Some(status) = self.child.try_wait().unwrap() {
                    return status;
                }
                if begin.elapsed() > LONGEST {
                    self.child.kill().unwrap();
                    panic!("it does not end: {}", self.shown());
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }

    #[test]
    fn in_a_terminal_keys_are_obeyed_and_the_terminal_is_given_back() {
        let mut session = Session::begin();
        let before = session.modes();
        assert_ne!(before, 0);
        session.wait_for("volume +0 dB");
        session.wait_for("gain -6.0 dB");
        assert_eq!(session.modes(), 0, "keys come one by one and are not shown");
        for (keys, shown) in [
            ("b", "BYPASSED"),
            ("m", "MUTED"),
            ("\x1b[A", "gain -5.0 dB"),
            ("-", "gain -6.0 dB"),
            ("\x1b[C", "volume +1 dB"),
        ] {
            session.screen.lock().unwrap().clear();
            session.press(keys);
            session.wait_for(shown);
        }
        session.press("q");
        assert!(session.end().success());
        assert_eq!(session.modes(), before);
        session.wait_for("\x1b[?25h");
        session.wait_for("played 0:");
    }

    #[test]
    fn a_signal_gives_the_terminal_back_too() {
        let mut session = Session::begin();
        let before = session.modes();
        session.wait_for("playing");
        assert_eq!(session.modes(), 0);
        signal(&session.child, libc::SIGTERM);
        assert!(session.end().success());
        assert_eq!(session.modes(), before);
        session.wait_for("\x1b[?25h");
        session.wait_for("played 0:");
    }

    #[test]
    fn a_terminal_that_does_not_know_its_size_shows_all() {
        let mut session = Session::of_size(0, 0);
        session.wait_for("volume +0 dB");
        session.press("q");
        assert!(session.end().success());
    }

    #[test]
    fn a_second_signal_ends_it_where_it_hangs() {
        let mut session = Session::begin();
        let before = session.modes();
        session.wait_for("playing");
        // As after Ctrl-S: what writes to the terminal waits.
        // SAFETY: the descriptor is open, and is a terminal's.
        assert_eq!(unsafe { libc::tcflow(session.line.as_raw_fd(), libc::TCOOFF) }, 0);
        let begin = Instant::now();
        let status = loop {
            if let Some(status) = session.child.try_wait().unwrap() {
                break status;
            }
            if begin.elapsed() > LONGEST {
                session.child.kill().unwrap();
                panic!("it does not end");
            }
            signal(&session.child, libc::SIGTERM);
            std::thread::sleep(Duration::from_millis(50));
        };
        assert_eq!(status.signal(), Some(libc::SIGTERM));
        assert_eq!(session.modes(), before);
    }
}
