//! JACK.

mod turns;

use super::backend::{Backend, Calls, Granted, OpenStream, RunningStream, Sound};
use super::device::choose;
use super::player::{Io, Lease};
use super::signals::Signals;
use super::{DeviceInfo, Direction, JackServer, LiveError, StreamConfig};
use jack::{
    AsyncClient, AudioIn, AudioOut, Client, ClientOptions, ClientStatus, Control, Frames, LatencyType,
    NotificationHandler, Port, PortFlags, ProcessHandler, ProcessScope,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use turns::{CLIENTS, Loss, Turn};

const NAME: &str = "JACK";

/// What JACK calls the type of its ports for sound.
const SOUND: &str = "32 bit float mono audio";

/// The server that runs, found by libjack's own rules: the environment's `JACK_DEFAULT_SERVER`, or "default".
/// The library is loaded when it is asked for.
pub(super) struct Jack(());

impl Jack {
    /// # Errors
    /// There is no libjack, or no server runs.
    pub fn new() -> Result<Self, LiveError> {
        connect()?;
        Ok(Self(()))
    }
}

/// A client that does not play yet.
struct Connected {
    client: Client,
    // Dropped when the client has been closed.
    turn: Turn,
}

fn connect() -> Result<Connected, LiveError> {
    // Said on the terminal otherwise, each time no server is found. Setting it needs the library.
    if jack::jack_sys::library().is_ok() {
        jack::set_logger(jack::LoggerType::None);
    }
    let options = ClientOptions::NO_START_SERVER;
    let unavailable = |why, advice| LiveError::BackendUnavailable { backend: NAME, why, advice };
    let Some(turn) = CLIENTS.take() else {
        return Err(unavailable(
            "its server hangs, or has gone, and what was connected to it is still being closed".into(),
            "try again, or use the system's devices",
        ));
    };
    match Client::new("tonewright", options) {
        Ok((client, _)) => Ok(Connected { client, turn }),
        Err(jack::Error::LibraryError(_)) => Err(unavailable(
            "the library libjack is not installed".into(),
            "install JACK (or PipeWire's JACK), or use the system's devices",
        )),
        Err(jack::Error::ClientError(status)) if status.contains(ClientStatus::VERSION_ERROR) => {
            let why = "its server is of another version than libjack";
            Err(unavailable(why.into(), "restart the server"))
        }
        Err(e) => {
            let named = std::env::var("JACK_DEFAULT_SERVER").ok();
            let server = named.map_or(String::new(), |name| format!(" \"{name}\""));
            let why = match e {
                jack::Error::ClientError(_) => format!("no server{server} runs"),
                other => other.to_string(),
            };
            Err(unavailable(why, "start one, for example with qjackctl, or use the system's devices"))
        }
    }
}

/// Ports of the hardware by the client that has them, as `system`; inputs are those we can hear.
struct Hardware {
    name: String,
    inputs: Vec<String>,
    outputs: Vec<String>,
}

fn hardware(client: &Client) -> Vec<Hardware> {
    let mut found: Vec<Hardware> = Vec::new();
    for port in client.ports(None, Some(SOUND), PortFlags::IS_PHYSICAL) {
        let Some((name, _)) = port.split_once(':') else { continue };
        let Some(flags) = client.port_by_name(&port).map(|port| port.flags()) else { continue };
        if flags.contains(PortFlags::IS_OUTPUT) && is_monitor(&port) {
            continue;
        }
        let place = found.iter().position(|hardware| hardware.name == name).unwrap_or_else(|| {
            found.push(Hardware { name: name.to_owned(), inputs: Vec::new(), outputs: Vec::new() });
            found.len() - 1
        });
        // What the hardware puts out of its port is what we hear.
        if flags.contains(PortFlags::IS_OUTPUT) {
            found[place].inputs.push(port);
        } else {
            found[place].outputs.push(port);
        }
    }
    found
}

/// What others need to connect themselves.
pub(super) fn server() -> Result<JackServer, LiveError> {
    let Connected { client, .. } = &connect()?;
    let mut sources = hardware(client).into_iter().map(|hardware| hardware.inputs);
    Ok(JackServer {
        sample_rate_hz: client.sample_rate(),
        buffer_samples: client.buffer_size(),
        sources: sources.find(|inputs| !inputs.is_empty()).unwrap_or_default(),
    })
}

/// Whether a port gives what is played: PipeWire shows those of its outputs beside real inputs. We would hear ourselves.
fn is_monitor(port: &str) -> bool {
    let (device, name) = port.rsplit_once(':').unwrap_or_default();
    name.starts_with("monitor_") || device.ends_with(" Monitor")
}

fn infos(client: &Client, hardware: &[Hardware]) -> Vec<DeviceInfo> {
    let first = |has: fn(&Hardware) -> bool| hardware.iter().position(has);
    let first_in = first(|hardware| !hardware.inputs.is_empty());
    let first_out = first(|hardware| !hardware.outputs.is_empty());
    let info = |(place, hardware): (usize, &Hardware)| DeviceInfo {
        name: hardware.name.clone(),
        max_channels_in: hardware.inputs.len(),
        max_channels_out: hardware.outputs.len(),
        default_sample_rate_hz: client.sample_rate(),
        sample_rates_hz: vec![client.sample_rate()],
        is_default_input: Some(place) == first_in,
        is_default_output: Some(place) == first_out,
    };
    hardware.iter().enumerate().map(info).collect()
}

impl Backend for Jack {
    fn name(&self) -> &'static str {
        NAME
    }

    fn devices(&mut self) -> Result<Vec<DeviceInfo>, LiveError> {
        let Connected { client, .. } = &connect()?;
        Ok(infos(client, &hardware(client)))
    }

    fn open(
        &mut self,
        config: &StreamConfig,
        signals: Arc<Signals>,
    ) -> Result<Box<dyn OpenStream>, LiveError> {
        let connected = connect()?;
        let client = &connected.client;
        let mut hardware = hardware(client);
        let infos = infos(client, &hardware);
        let find = |direction, channels: usize, name: &Option<String>| -> Result<_, LiveError> {
            if channels == 0 {
                return Ok(None);
            }
            let place = choose(&infos, name.as_deref(), direction)?;
            infos[place].check_channels(direction, channels)?;
            infos[place].choose_rate(config.sample_rate_hz)?;
            Ok(Some(place))
        };
        let input = find(Direction::Input, config.channels_in, &config.input_device)?;
        let output = find(Direction::Output, config.channels_out, &config.output_device)?;
        let mut sources = input.map_or(Vec::new(), |place| std::mem::take(&mut hardware[place].inputs));
        let mut sinks = output.map_or(Vec::new(), |place| std::mem::take(&mut hardware[place].outputs));
        sources.truncate(config.channels_in);
        sinks.truncate(config.channels_out);
        let said = |e: jack::Error| LiveError::Device { device: NAME.into(), why: e.to_string() };
        let input_port = |i: usize| client.register_port(&format!("in_{}", i + 1), AudioIn::default());
        let output_port = |i: usize| client.register_port(&format!("out_{}", i + 1), AudioOut::default());
        let inputs: Result<Vec<_>, _> = (0..config.channels_in).map(input_port).collect();
        let outputs: Result<Vec<_>, _> = (0..config.channels_out).map(output_port).collect();
        let (inputs, outputs) = (inputs.map_err(said)?, outputs.map_err(said)?);
        Ok(Box::new(Opened { connected, inputs, outputs, sources, sinks, signals }))
    }
}

struct Opened {
    connected: Connected,
    inputs: Vec<Port<AudioIn>>,
    outputs: Vec<Port<AudioOut>>,
    /// The hardware's ports that ours are connected to.
    sources: Vec<String>,
    sinks: Vec<String>,
    signals: Arc<Signals>,
}

impl OpenStream for Opened {
    fn granted(&self) -> Granted {
        let [input_latency_samples, output_latency_samples] =
            latency_samples(&self.connected.client, &self.sources, &self.sinks);
        Granted {
            sample_rate_hz: self.connected.client.sample_rate(),
            buffer_samples: self.connected.client.buffer_size(),
            max_block_samples: self.connected.client.buffer_size() as usize,
            input_latency_samples,
            output_latency_samples,
            calls: Calls::Joint,
        }
    }

    fn run(self: Box<Self>, sound: Sound) -> Result<Box<dyn RunningStream>, LiveError> {
        let Self { connected, inputs, outputs, sources, sinks, signals } = *self;
        // What is named last is dropped first: the client.
        let Connected { turn, client } = connected;
        let said = |e: jack::Error| LiveError::Device { device: NAME.into(), why: e.to_string() };
        let Sound::Joint(lease) = sound else {
            return Err(LiveError::Device { device: NAME.into(), why: "it has but one callback".into() });
        };
        let names = |name: Result<String, jack::Error>| name.map_err(said);
        let ours_in = inputs.iter().map(|port| names(port.name())).collect::<Result<Vec<_>, _>>()?;
        let ours_out = outputs.iter().map(|port| names(port.name())).collect::<Result<Vec<_>, _>>()?;
        // A client that cannot be activated is never freed: the chain comes later, when there is one.
        let (mut hand, handed) = rtrb::RingBuffer::new(1);
        let buffer_samples = AtomicU32::new(client.buffer_size());
        let process =
            Process { inputs, outputs, handed, lease: None, buffer_samples, signals: signals.clone() };
        let notify = Notify { sample_rate_hz: client.sample_rate(), signals, loss: turn.loss() };
        let active = client.activate_async(notify, process).map_err(said)?;
        turn.plays();
        for (from, to) in sources.iter().zip(&ours_in).chain(ours_out.iter().zip(&sinks)) {
            active.as_client().connect_ports_by_name(from, to).map_err(said)?;
        }
        drop(hand.push(lease));
        Ok(Box::new(Running { active, sources, sinks, turn }))
    }
}

/// What the hardware's ports say of themselves, in and out.
fn latency_samples(client: &Client, sources: &[String], sinks: &[String]) -> [usize; 2] {
    let latency = |ports: &[String], way| {
        let port = ports.first().and_then(|name| client.port_by_name(name));
        port.map_or(0, |port| port.get_latency_range(way).1 as usize)
    };
    [latency(sources, LatencyType::Capture), latency(sinks, LatencyType::Playback)]
}

struct Running {
    /// Ends when it is dropped.
    active: AsyncClient<Notify, Process>,
    sources: Vec<String>,
    sinks: Vec<String>,
    // Dropped when the client has been closed.
    turn: Turn,
}

impl Drop for Running {
    fn drop(&mut self) {
        // Its server may go while it is being closed.
        self.turn.loss().tell();
    }
}

impl RunningStream for Running {
    fn latency_samples(&self) -> Option<[usize; 2]> {
        Some(latency_samples(self.active.as_client(), &self.sources, &self.sinks))
    }
}

/// What the server tells us.
struct Notify {
    sample_rate_hz: u32,
    signals: Arc<Signals>,
    loss: Loss,
}

impl NotificationHandler for Notify {
    unsafe fn shutdown(&mut self, _: ClientStatus, _: &str) {
        // As in a signal handler nothing more is allowed here.
        self.loss.tell();
        self.signals.lost();
    }

    fn sample_rate(&mut self, _: &Client, sample_rate_hz: Frames) -> Control {
        // Said once at the beginning, too.
        if sample_rate_hz != self.sample_rate_hz {
            self.sample_rate_hz = sample_rate_hz;
            self.signals.rate_changed(sample_rate_hz);
        }
        Control::Continue
    }

    fn xrun(&mut self, _: &Client) -> Control {
        self.signals.xrun();
        Control::Continue
    }
}

/// The callback.
struct Process {
    inputs: Vec<Port<AudioIn>>,
    outputs: Vec<Port<AudioOut>>,
    handed: rtrb::Consumer<Lease>,
    lease: Option<Lease>,
    buffer_samples: AtomicU32,
    signals: Arc<Signals>,
}

impl ProcessHandler for Process {
    fn process(&mut self, _: &Client, scope: &ProcessScope) -> Control {
        if self.lease.is_none() {
            self.lease = self.handed.pop().ok();
        }
        let mut io = Buffers { inputs: &self.inputs, outputs: &mut self.outputs, scope };
        match &mut self.lease {
            // One callback has no other clock to be compared with.
            Some(lease) => lease.play(0.0, scope.n_frames() as usize, &mut io),
            None => io.outputs.iter_mut().for_each(|port| port.as_mut_slice(scope).fill(0.0)),
        }
        Control::Continue
    }

    fn buffer_size(&mut self, _: &Client, buffer_samples: Frames) -> Control {
        // Said once at the beginning, too.
        if self.buffer_samples.swap(buffer_samples, Ordering::Relaxed) != buffer_samples {
            self.signals.buffer_changed(buffer_samples);
        }
        Control::Continue
    }
}

struct Buffers<'a> {
    inputs: &'a [Port<AudioIn>],
    outputs: &'a mut [Port<AudioOut>],
    scope: &'a ProcessScope,
}

impl Io for Buffers<'_> {
    fn read(&mut self, channel: usize, from: usize, to: &mut [f32]) {
        to.copy_from_slice(&self.inputs[channel].as_slice(self.scope)[from..from + to.len()]);
    }

    fn write(&mut self, channel: usize, from: usize, samples: &[f32]) {
        let port = self.outputs[channel].as_mut_slice(self.scope);
        port[from..from + samples.len()].copy_from_slice(samples);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_played_is_no_input() {
        for monitor in ["Built-in Audio Analog Stereo:monitor_FL", "USB: Box Monitor:capture_FL"] {
            assert!(is_monitor(monitor), "{monitor}");
        }
        for source in ["system:capture_1", "USB: Box Pro:capture_AUX0", "Monitor Mic:capture_MONO", "odd"] {
            assert!(!is_monitor(source), "{source}");
        }
    }
}
