//! A small CLAP host around `clack-host`: one instance of a plugin, driven as a studio drives it,
//! audio on a thread of its own and everything else on the caller's.

use clack_extensions::audio_ports_config::{AudioPortsConfigBuffer, PluginAudioPortsConfig};
use clack_extensions::latency::{HostLatency, HostLatencyImpl, PluginLatency};
use clack_extensions::params::{
    HostParams, HostParamsImplMainThread, HostParamsImplShared, ParamClearFlags, ParamInfoBuffer,
    ParamRescanFlags, PluginParams,
};
use clack_extensions::render::{PluginRender, RenderMode};
use clack_extensions::state::{HostState, HostStateImpl, PluginState};
use clack_host::events::event_types::ParamValueEvent;
use clack_host::prelude::*;
use std::ffi::CString;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Why a plugin could not be hosted.
#[derive(Debug, thiserror::Error)]
pub enum HostFault {
    /// The file is no CLAP, or cannot be loaded.
    #[error("{path}: {problem}")]
    Load {
        /// The file.
        path: String,
        /// What the loader said.
        problem: String,
    },
    /// The plugin lacks something that every Tonewright has.
    #[error("the plugin has no {0}")]
    Lacks(String),
    /// The plugin refused something.
    #[error("the plugin refused to {action}: {problem}")]
    Refused {
        /// What was asked of it.
        action: &'static str,
        /// What it said.
        problem: String,
    },
}

impl HostFault {
    fn refused(action: &'static str, problem: impl ToString) -> Self {
        Self::Refused { action, problem: problem.to_string() }
    }
}

/// What the plugin asked of its host.
#[derive(Debug, Default)]
struct Requests {
    callback: AtomicBool,
    restarts: AtomicU32,
    /// Samples that came out of the plugin since playing began last.
    played_samples: AtomicUsize,
}

struct Shared(Arc<Requests>);

impl SharedHandler<'_> for Shared {
    fn request_restart(&self) {
        self.0.restarts.fetch_add(1, Ordering::SeqCst);
    }

    fn request_process(&self) {}

    fn request_callback(&self) {
        self.0.callback.store(true, Ordering::SeqCst);
    }
}

impl HostParamsImplShared for Shared {
    fn request_flush(&self) {}
}

struct MainThread;

impl MainThreadHandler<'_> for MainThread {}

impl HostLatencyImpl for MainThread {
    fn changed(&self) {}
}

impl HostStateImpl for MainThread {
    fn mark_dirty(&self) {}
}

impl HostParamsImplMainThread for MainThread {
    fn rescan(&self, _: ParamRescanFlags) {}

    fn clear(&self, _: ClapId, _: ParamClearFlags) {}
}

struct Host;

impl HostHandlers for Host {
    type Shared<'a> = Shared;
    type MainThread<'a> = MainThread;
    type AudioProcessor<'a> = ();

    fn declare_extensions(builder: &mut HostExtensions<Self>, _: &Shared) {
        builder.register::<HostLatency>().register::<HostParams>().register::<HostState>();
    }
}

/// A parameter as the plugin describes it. Values are CLAP's plain values.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// The name that a player sees.
    pub name: String,
    /// Smallest value.
    pub minimum: f64,
    /// Largest value.
    pub maximum: f64,
    /// Value of a fresh instance.
    pub default: f64,
    id: ClapId,
}

/// One instance of a plugin.
pub struct Plugin {
    // Dropped before the instance, which it belongs to.
    processor: Option<StoppedPluginAudioProcessor<Host>>,
    instance: PluginInstance<Host>,
    requests: Arc<Requests>,
    parameters: Vec<Parameter>,
    channels: usize,
    max_block_samples: usize,
    rate_hz: u32,
    pending: Vec<(ClapId, f64)>,
    longest_block: Duration,
}

impl Plugin {
    /// Loads a `.clap` file and makes an instance of the first plugin in it.
    ///
    /// # Errors
    /// The file cannot be loaded, or the plugin lacks what every Tonewright has.
    pub fn load(path: &Path) -> Result<Self, HostFault> {
        let load = |problem: String| HostFault::Load { path: path.display().to_string(), problem };
        // SAFETY: the file is our own build, an ordinary CLAP.
        let entry = unsafe { PluginEntry::load(path) }.map_err(|e| load(e.to_string()))?;
        Self::from_entry(&entry)
    }

    /// Makes an instance of the first plugin of an entry that is already in this process.
    ///
    /// # Errors
    /// The plugin cannot be made or lacks what every Tonewright has.
    pub fn from_entry(entry: &PluginEntry) -> Result<Self, HostFault> {
        let factory = entry.get_plugin_factory().ok_or_else(|| HostFault::Lacks("plugin factory".into()))?;
        let id = factory.plugin_descriptors().next().and_then(|d| d.id().map(|id| id.to_owned()));
        let id = id.ok_or_else(|| HostFault::Lacks("plugin".into()))?;
        let info = HostInfo::new("Tonewright tests", "Tonewright", "", env!("CARGO_PKG_VERSION"))
            .map_err(|e| HostFault::refused("name the host", e))?;
        let requests = Arc::new(Requests::default());
        let shared = Arc::clone(&requests);
        let instance = PluginInstance::<Host>::new(|_| Shared(shared), |_| MainThread, entry, &id, &info)
            .map_err(|e| HostFault::refused("make an instance", e))?;
        let mut plugin = Self {
            processor: None,
            instance,
            requests,
            parameters: Vec::new(),
            channels: 2,
            max_block_samples: 0,
            rate_hz: 0,
            pending: Vec::new(),
            longest_block: Duration::ZERO,
        };
        plugin.parameters = plugin.read_parameters()?;
        Ok(plugin)
    }

    fn read_parameters(&mut self) -> Result<Vec<Parameter>, HostFault> {
        let handle = self.instance.plugin_handle();
        let extension = handle.get_extension::<PluginParams>();
        let extension = extension.ok_or_else(|| HostFault::Lacks("parameters".into()))?;
        let mut buffer = ParamInfoBuffer::new();
        (0..extension.count(&handle))
            .map(|index| {
                let info = extension.get_info(&handle, index, &mut buffer);
                let info =
                    info.ok_or_else(|| HostFault::Lacks(format!("parameter {index}, which it counts")))?;
                let name = String::from_utf8_lossy(info.name).into_owned();
                let (minimum, maximum, default) = (info.min_value, info.max_value, info.default_value);
                Ok(Parameter { name, minimum, maximum, default, id: info.id })
            })
            .collect()
    }

    /// The parameters, in the plugin's order.
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    fn find(&self, name: &str) -> Result<&Parameter, HostFault> {
        let found = self.parameters.iter().find(|p| p.name == name);
        found.ok_or_else(|| HostFault::Lacks(format!("parameter called {name}")))
    }

    /// Sets a parameter with the next block.
    ///
    /// # Errors
    /// There is no such parameter.
    pub fn set(&mut self, name: &str, value: f64) -> Result<(), HostFault> {
        let id = self.find(name)?.id;
        self.pending.push((id, value));
        Ok(())
    }

    /// Sets a parameter with the next block, to the value that the plugin reads from a text.
    ///
    /// # Errors
    /// There is no such parameter, or the plugin does not understand the text.
    pub fn set_text(&mut self, name: &str, text: &str) -> Result<(), HostFault> {
        let id = self.find(name)?.id;
        let c_text = CString::new(text).map_err(|e| HostFault::refused("read a text", e))?;
        let handle = self.instance.plugin_handle();
        let extension = handle.get_extension::<PluginParams>();
        let value = extension.and_then(|extension| extension.text_to_value(&handle, id, &c_text));
        let value = value.ok_or_else(|| HostFault::refused("read a text", text))?;
        self.pending.push((id, value));
        Ok(())
    }

    /// Current value of a parameter.
    ///
    /// # Errors
    /// There is no such parameter.
    pub fn value(&mut self, name: &str) -> Result<f64, HostFault> {
        let id = self.find(name)?.id;
        let handle = self.instance.plugin_handle();
        let extension = handle.get_extension::<PluginParams>();
        let value = extension.and_then(|extension| extension.get_value(&handle, id));
        value.ok_or_else(|| HostFault::Lacks(format!("value of {name}")))
    }

    /// A value of a parameter as the plugin would show it.
    ///
    /// # Errors
    /// There is no such parameter, or it has no text for the value.
    pub fn text(&mut self, name: &str, value: f64) -> Result<String, HostFault> {
        let id = self.find(name)?.id;
        let handle = self.instance.plugin_handle();
        let extension = handle.get_extension::<PluginParams>();
        let extension = extension.ok_or_else(|| HostFault::Lacks("parameters".into()))?;
        let mut buffer = [0; 256];
        let text = extension.value_to_text(&handle, id, value, &mut buffer);
        let text = text.map_err(|e| HostFault::refused("show a value", e))?;
        Ok(String::from_utf8_lossy(text).into_owned())
    }

    /// Everything that a session keeps of the plugin.
    ///
    /// # Errors
    /// The plugin cannot save.
    pub fn save(&mut self) -> Result<Vec<u8>, HostFault> {
        let handle = self.instance.plugin_handle();
        let extension = handle.get_extension::<PluginState>();
        let extension = extension.ok_or_else(|| HostFault::Lacks("state".into()))?;
        let mut bytes = Vec::new();
        extension.save(&handle, &mut bytes).map_err(|e| HostFault::refused("save its state", e))?;
        Ok(bytes)
    }

    /// Restores what [`Plugin::save`] gave, active or not.
    ///
    /// # Errors
    /// The plugin refuses the state.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), HostFault> {
        let handle = self.instance.plugin_handle();
        let extension = handle.get_extension::<PluginState>();
        let extension = extension.ok_or_else(|| HostFault::Lacks("state".into()))?;
        let mut reader = bytes;
        extension.load(&handle, &mut reader).map_err(|e| HostFault::refused("load a state", e))
    }

    /// The delay that the plugin reports, in samples.
    ///
    /// # Errors
    /// The plugin does not report any.
    pub fn latency_samples(&mut self) -> Result<usize, HostFault> {
        let handle = self.instance.plugin_handle();
        let extension = handle.get_extension::<PluginLatency>();
        let extension = extension.ok_or_else(|| HostFault::Lacks("latency".into()))?;
        Ok(extension.get(&handle) as usize)
    }

    /// Tells the plugin that nobody is waiting for the audio, or that somebody is.
    ///
    /// # Errors
    /// The plugin refuses.
    pub fn set_offline(&mut self, offline: bool) -> Result<(), HostFault> {
        let handle = self.instance.plugin_handle();
        let extension = handle.get_extension::<PluginRender>();
        let extension = extension.ok_or_else(|| HostFault::Lacks("render mode".into()))?;
        let mode = if offline { RenderMode::Offline } else { RenderMode::Realtime };
        extension.set(&handle, mode).map_err(|e| HostFault::refused("change its render mode", e))
    }

    /// Chooses the number of channels in and out. The plugin must not be active.
    ///
    /// # Errors
    /// The plugin has no such configuration.
    pub fn select_channels(&mut self, channels: usize) -> Result<(), HostFault> {
        let handle = self.instance.plugin_handle();
        let extension = handle.get_extension::<PluginAudioPortsConfig>();
        let extension = extension.ok_or_else(|| HostFault::Lacks("audio port configurations".into()))?;
        let mut buffer = AudioPortsConfigBuffer::new();
        for index in 0..extension.count(&handle) {
            let Some(config) = extension.get(&handle, index, &mut buffer) else { continue };
            let count = |port: &Option<clack_extensions::audio_ports_config::MainPortInfo<'_>>| {
                port.as_ref().map_or(0, |port| port.channel_count as usize)
            };
            if count(&config.main_input) == channels && count(&config.main_output) == channels {
                let id = config.id;
                extension.select(&handle, id).map_err(|e| HostFault::refused("change its channels", e))?;
                self.channels = channels;
                return Ok(());
            }
        }
        Err(HostFault::Lacks(format!("configuration of {channels} channels")))
    }

    /// Gets the plugin ready for audio at `rate_hz` in blocks of up to `max_block_samples`.
    ///
    /// # Errors
    /// The plugin refuses.
    pub fn activate(&mut self, rate_hz: u32, max_block_samples: usize) -> Result<(), HostFault> {
        let configuration = PluginAudioConfiguration {
            sample_rate: f64::from(rate_hz),
            min_frames_count: 1,
            max_frames_count: max_block_samples as u32,
        };
        let activated = self.instance.activate(|_, _| (), configuration);
        self.processor = Some(activated.map_err(|e| HostFault::refused("activate", e))?);
        self.max_block_samples = max_block_samples;
        self.rate_hz = rate_hz;
        self.pump();
        Ok(())
    }

    /// Takes the plugin out of use; it can be activated again.
    pub fn deactivate(&mut self) {
        if let Some(processor) = self.processor.take() {
            self.instance.deactivate(processor);
        }
        self.pump();
    }

    /// How often the plugin asked to be restarted so far.
    pub fn restart_requests(&self) -> u32 {
        self.requests.restarts.load(Ordering::SeqCst)
    }

    /// Waits until so many samples have come out of the plugin since [`Plugin::play_live`] began.
    ///
    /// # Errors
    /// A minute went by.
    pub fn wait_until_played(&self, samples: usize) -> Result<(), HostFault> {
        let deadline = Instant::now() + Duration::from_secs(60);
        while self.requests.played_samples.load(Ordering::SeqCst) < samples {
            if Instant::now() > deadline {
                return Err(HostFault::refused("play", format!("{samples} samples in a minute")));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    }

    /// The longest that a block took so far.
    pub fn longest_block(&self) -> Duration {
        self.longest_block
    }

    /// Gives the plugin the main thread, if it asked for it.
    pub fn pump(&mut self) {
        while self.requests.callback.swap(false, Ordering::SeqCst) {
            self.instance.call_on_main_thread_callback();
        }
    }

    /// Starts processing, plays `input` (one vector a channel) in blocks whose lengths are taken from
    /// `blocks` in turn, stops, and gives what came out. Starting resets the plugin's audio state.
    ///
    /// # Errors
    /// The plugin refuses to start or to process.
    ///
    /// # Panics
    /// The plugin is not active, the channels are not those chosen or differ in length, or a block is
    /// longer than announced.
    pub fn play(&mut self, input: &[Vec<f32>], blocks: &[usize]) -> Result<Vec<Vec<f32>>, HostFault> {
        self.play_paced(input, blocks, None, |_| Ok(()))
    }

    /// Plays like [`Plugin::play`], at the speed of a sound card, while the main thread does something
    /// with the plugin.
    ///
    /// # Errors
    /// As [`Plugin::play`], or what `meanwhile` gives.
    ///
    /// # Panics
    /// As [`Plugin::play`].
    pub fn play_live(
        &mut self,
        input: &[Vec<f32>],
        blocks: &[usize],
        meanwhile: impl FnOnce(&mut Self) -> Result<(), HostFault>,
    ) -> Result<Vec<Vec<f32>>, HostFault> {
        self.play_paced(input, blocks, Some(self.rate_hz), meanwhile)
    }

    fn play_paced(
        &mut self,
        input: &[Vec<f32>],
        blocks: &[usize],
        pace_hz: Option<u32>,
        meanwhile: impl FnOnce(&mut Self) -> Result<(), HostFault>,
    ) -> Result<Vec<Vec<f32>>, HostFault> {
        assert_eq!(input.len(), self.channels, "channels");
        assert!(blocks.iter().all(|&n| (1..=self.max_block_samples).contains(&n)), "blocks {blocks:?}");
        let Some(processor) = self.processor.take() else { panic!("the plugin is not active") };
        let events = std::mem::take(&mut self.pending);
        let requests = Arc::clone(&self.requests);
        requests.played_samples.store(0, Ordering::SeqCst);
        let run = || run(processor, input, blocks, &events, pace_hz, &requests.played_samples);
        let (played, meant) = std::thread::scope(|scope| {
            let audio = scope.spawn(run);
            let meant = meanwhile(self);
            (audio.join(), meant)
        });
        let played = played.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        self.processor = Some(played.processor);
        self.longest_block = self.longest_block.max(played.longest_block);
        self.pump();
        meant.and(played.output)
    }
}

impl Drop for Plugin {
    fn drop(&mut self) {
        self.deactivate();
    }
}

/// What comes back from the audio thread.
struct Played {
    processor: StoppedPluginAudioProcessor<Host>,
    output: Result<Vec<Vec<f32>>, HostFault>,
    longest_block: Duration,
}

/// The audio thread.
fn run(
    processor: StoppedPluginAudioProcessor<Host>,
    input: &[Vec<f32>],
    blocks: &[usize],
    events: &[(ClapId, f64)],
    pace_hz: Option<u32>,
    played_samples: &AtomicUsize,
) -> Played {
    let mut started = match processor.start_processing() {
        Ok(started) => started,
        Err(error) => {
            let output = Err(HostFault::refused("start processing", &error));
            return Played {
                processor: error.into_stopped_processor(),
                output,
                longest_block: Duration::ZERO,
            };
        }
    };
    let frames = input[0].len();
    assert!(input.iter().all(|channel| channel.len() == frames), "channels of different lengths");
    let mut output = vec![vec![0.0f32; frames]; input.len()];
    let mut input_ports = AudioPorts::with_capacity(input.len(), 1);
    let mut output_ports = AudioPorts::with_capacity(input.len(), 1);
    let mut first_events = EventBuffer::new();
    for &(id, value) in events {
        first_events.push(&ParamValueEvent::new(0, id, Pckn::match_all(), value));
    }
    let (no_events, mut events_out) = (EventBuffer::new(), EventBuffer::new());
    let mut longest_block = Duration::ZERO;
    let mut fault = None;
    let mut at = 0;
    for &block in blocks.iter().cycle() {
        let n = block.min(frames - at);
        if n == 0 {
            break;
        }
        // The plugin gets memory of its own, of exactly the length of the block.
        let mut block_in: Vec<Vec<f32>> = input.iter().map(|channel| channel[at..at + n].to_vec()).collect();
        let mut block_out = vec![vec![f32::NAN; n]; input.len()];
        let channels_in = block_in.iter_mut().map(|channel| InputChannel::variable(channel.as_mut_slice()));
        let ports_in = input_ports.with_input_buffers([AudioPortBuffer {
            latency: 0,
            channels: AudioPortBufferType::f32_input_only(channels_in),
        }]);
        let channels_out = block_out.iter_mut().map(|channel| channel.as_mut_slice());
        let mut ports_out = output_ports.with_output_buffers([AudioPortBuffer {
            latency: 0,
            channels: AudioPortBufferType::f32_output_only(channels_out),
        }]);
        let events_in = if at == 0 { first_events.as_input() } else { no_events.as_input() };
        let begun = Instant::now();
        let processed = started.process(
            &ports_in,
            &mut ports_out,
            &events_in,
            &mut events_out.as_output(),
            Some(at as u64),
            None,
        );
        longest_block = longest_block.max(begun.elapsed());
        if let Err(error) = processed {
            fault = Some(HostFault::refused("process", error));
            break;
        }
        for (channel, block) in output.iter_mut().zip(&block_out) {
            channel[at..at + n].copy_from_slice(block);
        }
        events_out.clear();
        at += n;
        played_samples.store(at, Ordering::SeqCst);
        if let Some(rate_hz) = pace_hz {
            std::thread::sleep(
                Duration::from_secs_f64(n as f64 / f64::from(rate_hz)).saturating_sub(begun.elapsed()),
            );
        }
    }
    Played { processor: started.stop_processing(), output: fault.map_or(Ok(output), Err), longest_block }
}
