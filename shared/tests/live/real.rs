//! Real sound systems without hardware: a JACK server with its dummy driver, and ALSA's null device.
//!
//! Both libraries are steered by the environment, so each test runs in a process of its own: this program again, with
//! one test and [`CHILD`] set. What that says on its error output is looked at, too: libraries are to be kept quiet.

use crate::common::{gain, reconnecting, wait, wait_until};
use shared::live::{BackendChoice, LiveError, LiveProcessor, State, StreamConfig, backend};
use std::process::{Child, Command, Stdio};

const CHILD: &str = "TONEWRIGHT_LIVE_TEST_CHILD";

/// Runs `child` in a process with this environment, which is to print nothing of its own.
fn in_a_process(test: &str, environment: &[(&str, &str)], child: impl FnOnce()) {
    if std::env::var_os(CHILD).is_some() {
        return child();
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([test, "--exact", "--nocapture"]).env(CHILD, "1").envs(environment.iter().copied());
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let out = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{out}\n{said}");
    assert!(out.contains("1 passed"), "the test has another name: {out}");
    assert_eq!(said, "", "libraries talk");
}

/// A JACK server of our own, which ends with this.
struct Server(Child);

impl Server {
    fn start() -> Self {
        let mut command = Command::new("jackd");
        command.args(["--no-realtime", "-d", "dummy", "-r", "48000", "-p", "256"]);
        command.env("JACK_NO_AUDIO_RESERVATION", "1");
        let server =
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let server = Self(server);
        wait("the server runs", || backend(BackendChoice::Jack).is_ok());
        server
    }
}

impl Server {
    fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.0.id().to_string()]).status();
        assert!(status.is_ok_and(|status| status.success()));
    }

    /// Ends it without a word to its clients.
    fn kill(mut self) {
        self.0.kill().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Asked to end it takes its files in shared memory along.
        let asked = Command::new("kill").arg(self.0.id().to_string()).stderr(Stdio::null()).status();
        assert!(asked.is_ok());
        self.0.wait().unwrap();
    }
}

#[test]
fn jack_plays_and_comes_back_after_its_server_was_killed() {
    if Command::new("jackd").arg("--version").output().is_err() {
        let why = "jackd is not installed; `cargo xtask setup --tests` fetches it";
        assert!(std::env::var_os("CI").is_none(), "{why}, and where CI is set nothing is skipped");
        return println!("skipped: {why}");
    }
    let name = format!("tonewright-test-{}", std::process::id());
    let test = "real::jack_plays_and_comes_back_after_its_server_was_killed";
    in_a_process(test, &[("JACK_DEFAULT_SERVER", &name)], || {
        let server = Server::start();
        let mut jack = backend(BackendChoice::Jack).unwrap();
        let devices = jack.devices().unwrap();
        assert_eq!(devices.len(), 1, "{devices:?}");
        assert_eq!((devices[0].name.as_str(), devices[0].default_sample_rate_hz), ("system", 48_000));
        assert_eq!((devices[0].max_channels_in, devices[0].max_channels_out), (2, 2));

        let other_rate = StreamConfig { sample_rate_hz: Some(44_100), ..StreamConfig::default() };
        let mut live = LiveProcessor::new(gain(1.0), jack, other_rate).unwrap();
        let error = live.start().unwrap_err();
        assert!(matches!(error, LiveError::RateNotSupported { sample_rate_hz: 44_100, .. }), "{error}");

        let jack = backend(BackendChoice::Auto).unwrap();
        assert_eq!(jack.name(), "JACK", "it is taken where a server runs");
        let mut live = LiveProcessor::new(gain(1.0), jack, StreamConfig::default()).unwrap();
        live.start().unwrap();
        wait_until(&live, "half a second is played", |s| s.frames > 24_000);
        let statistics = live.statistics();
        assert_eq!((statistics.sample_rate_hz, statistics.buffer_samples), (48_000, 256));
        assert_eq!(statistics.frames, 256 * statistics.blocks);
        assert!(statistics.latency_samples >= 256, "{statistics:?}");
        live.set("0.gain", 0.5).unwrap();

        server.signal("STOP");
        wait("the silence is seen", || reconnecting(&live));
        server.signal("CONT");
        wait_until(&live, "it is back", |s| s.restarts == 1);

        server.kill();
        wait("the loss is seen", || reconnecting(&live));
        let server = Server::start();
        wait_until(&live, "it is back again", |s| s.restarts == 2);
        let before = live.statistics().frames;
        wait_until(&live, "it plays", |s| s.frames > before + 10_000);
        assert_eq!(live.controls().get("0.gain").unwrap(), 0.5);
        live.stop();
        assert_eq!(live.state(), State::Stopped);
        assert!(live.into_chain().is_some());
        drop(server);
    });
}

#[test]
fn without_a_jack_server_there_is_one_clear_error() {
    let test = "real::without_a_jack_server_there_is_one_clear_error";
    in_a_process(test, &[("JACK_DEFAULT_SERVER", "tonewright-nobody")], || {
        let error = backend(BackendChoice::Jack).err().unwrap();
        let text = error.to_string();
        assert!(matches!(error, LiveError::BackendUnavailable { backend: "JACK", .. }), "{text}");
        // Where the library is missing that is what it says.
        let why = text.contains("no server \"tonewright-nobody\" runs") || text.contains("libjack");
        assert!(why && text.contains("use the system's devices"), "{text}");
        assert_ne!(backend(BackendChoice::Auto).unwrap().name(), "JACK");
    });
}

#[cfg(target_os = "linux")]
mod alsa {
    use super::*;
    use shared::live::Direction;
    use std::path::PathBuf;

    /// ALSA's settings with the null device as the usual one.
    fn settings(test: &str, text: &str) -> PathBuf {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{test}.conf"));
        std::fs::write(&path, text).unwrap();
        path
    }

    #[test]
    fn alsas_null_device_plays() {
        let null = "pcm.!default { type null hint { show on description \"usual\" } }\n\
                    pcm.null { type null hint { show on description \"nothing\" } }\n\
                    ctl.!default { type hw card 0 }\n";
        let settings = settings("null", null);
        let environment = [("ALSA_CONFIG_PATH", settings.to_str().unwrap())];
        in_a_process("real::alsa::alsas_null_device_plays", &environment, || {
            // What leads nowhere is no device, but can be named.
            let mut system = backend(BackendChoice::System).unwrap();
            assert_eq!(system.devices().unwrap(), []);
            let error = LiveProcessor::new(gain(1.0), system, StreamConfig::default()).unwrap().start();
            assert!(matches!(error, Err(LiveError::NoDevices(_))), "{error:?}");
            for name in ["default", "null"] {
                for direction in [Direction::Output, Direction::Input, Direction::Duplex] {
                    let usual = StreamConfig::default();
                    let config = StreamConfig {
                        input_device: Some(name.into()),
                        output_device: Some(name.into()),
                        channels_in: if direction == Direction::Output { 0 } else { usual.channels_in },
                        channels_out: if direction == Direction::Input { 0 } else { usual.channels_out },
                        ..usual
                    };
                    let system = backend(BackendChoice::System).unwrap();
                    assert_eq!(system.name(), "ALSA");
                    let mut live = LiveProcessor::new(gain(1.0), system, config).unwrap();
                    live.start().unwrap();
                    wait_until(&live, "half a second is played", |s| s.frames > 24_000);
                    let statistics = live.statistics();
                    assert!(statistics.blocks > 10 && statistics.sample_rate_hz == 48_000, "{statistics:?}");
                    live.stop();
                    assert_eq!(live.state(), State::Stopped);
                    assert!(live.into_chain().is_some(), "{name}, {direction}");
                }
            }
        });
    }

    #[test]
    fn without_a_device_there_is_one_clear_error() {
        let settings = settings("nothing", "ctl.!default { type hw card 0 }\n");
        let environment = [("ALSA_CONFIG_PATH", settings.to_str().unwrap())];
        in_a_process("real::alsa::without_a_device_there_is_one_clear_error", &environment, || {
            let mut system = backend(BackendChoice::System).unwrap();
            assert_eq!(system.devices().unwrap(), []);
            let mut live = LiveProcessor::new(gain(1.0), system, StreamConfig::default()).unwrap();
            let error = live.start().unwrap_err();
            assert!(matches!(error, LiveError::NoDevices(_)), "{error}");
            let config = StreamConfig { output_device: Some("my card".into()), ..StreamConfig::default() };
            let system = backend(BackendChoice::System).unwrap();
            let error = LiveProcessor::new(gain(1.0), system, config).unwrap().start().unwrap_err();
            assert!(matches!(error, LiveError::NoSuchDevice { .. }), "{error}");
        });
    }
}
