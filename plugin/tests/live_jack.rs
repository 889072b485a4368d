//! The round trip through a real JACK server that has no sound card, from our own output to our own input.

#![cfg(all(feature = "live", target_os = "linux"))]
#![allow(clippy::unwrap_used, reason = "clippy's exception for tests does not reach their helpers")]

use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Samples a period of the server.
const PERIOD: u32 = 1024;

/// Far longer than anything here takes on the slowest machine.
const LONGEST: Duration = Duration::from_secs(60);

/// How often it is tried: a busy machine may leave out a period, which is no fault of what is tested.
const ATTEMPTS: usize = 3;

/// A server of our own, ended with this.
struct Server {
    process: Child,
    name: String,
}

impl Server {
    fn start() -> Option<Self> {
        let name = format!("tonewright-latency-{}", std::process::id());
        let period = PERIOD.to_string();
        let mut command = Command::new("jackd");
        command.args(["-n", &name, "-r", "-S", "-t", "10000", "-d", "dummy", "-r", "48000", "-p", &period]);
        command.env("JACK_NO_AUDIO_RESERVATION", "1").stdin(Stdio::null());
        let process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()?;
        Some(Self { process, name })
    }

    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).env("JACK_DEFAULT_SERVER", &self.name).env("JACK_NO_START_SERVER", "1");
        command.stdin(Stdio::null());
        command
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Output {
        self.command(program, arguments).output().expect("the program starts")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Asked to end it leaves JACK's list of servers, which has eight places; killed it stays there for ever.
        drop(Command::new("kill").arg(self.process.id().to_string()).status());
        drop(self.process.wait());
    }
}

/// Tries until it works.
fn wait_for(what: &str, mut works: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !works() {
        assert!(begin.elapsed() < LONGEST, "{what} takes longer than {LONGEST:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn measure(server: &Server, program: &str) -> Result<String, String> {
    let mut command = server.command(program, &["latency", "--backend", "jack"]);
    let measuring = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // As a cable would; JACK delays what goes around by one period.
    wait_for("to connect", || {
        server.run("jack_connect", &["tonewright:out_1", "tonewright:in_1"]).status.success()
    });
    let output = measuring.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

#[test]
fn a_loop_through_jack_takes_one_period() {
    let program = env!("CARGO_BIN_EXE_tonewright");
    let there = |program| Command::new(program).arg("--version").output().is_ok();
    let server = if there("jackd") && there("jack_connect") { Server::start() } else { None };
    let Some(server) = server else {
        let why = "no jackd and jack_connect to play through; `cargo xtask setup --tests` fetches them";
        assert!(std::env::var_os("CI").is_none(), "{why}, and where CI is set nothing is skipped");
        return println!("skipped: {why}");
    };
    wait_for("the server", || server.run(program, &["devices", "--backend", "jack"]).status.success());
    let mut said = Vec::new();
    let measured = (0..ATTEMPTS).any(|_| {
        let attempt = measure(&server, program);
        let expected = format!("measured  {:>9.2} samples", f64::from(PERIOD));
        let as_expected = attempt.as_ref().is_ok_and(|report| report.contains(&expected));
        said.push(attempt);
        as_expected
    });
    assert!(measured, "{said:?}");
}
