//! A small CLAP host around `clack-host`: one instance of a plugin, driven as a studio drives it,
//! audio on a thread of its own and everything else on the caller's.

mod audio;
mod calls;
mod window;

pub use audio::Watch;
pub use calls::HostFault;
pub use window::Screen;

use crate::product;
use audio::{Change, Score, run};
use calls::{Host, MainThread, Requests, Shared};
use clack_extensions::audio_ports_config::{AudioPortsConfigBuffer, MainPortInfo, PluginAudioPortsConfig};
use clack_extensions::latency::PluginLatency;
use clack_extensions::params::{ParamInfoBuffer, ParamInfoFlags, PluginParams};
use clack_extensions::remote_controls::{PluginRemoteControls, RemoteControlsPageBuffer};
use clack_extensions::render::{PluginRender, RenderMode};
use clack_extensions::state::PluginState;
use clack_host::prelude::*;
use std::ffi::CString;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
pub use window::Frame;

/// A plugin that gives no sample for so long gives none any more, on the slowest machine.
const STUCK: Duration = Duration::from_secs(60);

/// A parameter as the plugin describes it. Values are CLAP's plain values.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// The name that a player sees.
    pub name: String,
    /// What automation and sessions of hosts know it by.
    pub id: u32,
    /// Smallest value.
    pub minimum: f64,
    /// Largest value.
    pub maximum: f64,
    /// Value of a fresh instance.
    pub default: f64,
    /// Whether it has whole values only.
    pub stepped: bool,
    /// Whether a host may record and play its movements.
    pub automatable: bool,
    /// Whether it is the host's way past the plugin.
    pub bypass: bool,
}

/// Eight knobs of a controller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemotePage {
    /// What several pages belong to.
    pub section: String,
    /// Its name.
    pub name: String,
    /// What each knob turns, by the parameters' ids.
    pub knobs: [Option<u32>; 8],
}

/// One instance of a plugin.
pub struct Plugin {
    // Dropped before the instance, which it belongs to.
    processor: Option<StoppedPluginAudioProcessor<Host>>,
    instance: PluginInstance<Host>,
    requests: Arc<Requests>,
    parameters: Vec<Parameter>,
    channels: (usize, usize),
    max_block_samples: usize,
    rate_hz: u32,
    pending: Vec<Change>,
    watch: Option<Watch>,
    longest_block: Duration,
    tail_samples: u32,
    frame: Option<Frame>,
}

impl Plugin {
    /// Loads a `.clap` file and makes an instance of the first plugin in it.
    ///
    /// # Errors
    /// The file cannot be loaded, or the plugin lacks what every Tonewright has.
    pub fn load(path: &Path) -> Result<Self, HostFault> {
        product::keep_settings_apart();
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
        product::keep_settings_apart();
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
            channels: (2, 2),
            max_block_samples: 0,
            rate_hz: 0,
            pending: Vec::new(),
            watch: None,
            longest_block: Duration::ZERO,
            tail_samples: 0,
            frame: None,
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
                let has = |flag| info.flags.contains(flag);
                Ok(Parameter {
                    name,
                    id: info.id.get(),
                    minimum: info.min_value,
                    maximum: info.max_value,
                    default: info.default_value,
                    stepped: has(ParamInfoFlags::IS_STEPPED),
                    automatable: has(ParamInfoFlags::IS_AUTOMATABLE),
                    bypass: has(ParamInfoFlags::IS_BYPASS),
                })
            })
            .collect()
    }

    /// The parameters, in the plugin's order.
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// The parameter of a name.
    ///
    /// # Errors
    /// There is no such parameter.
    pub fn parameter(&self, name: &str) -> Result<&Parameter, HostFault> {
        let found = self.parameters.iter().find(|p| p.name == name);
        found.ok_or_else(|| HostFault::Lacks(format!("parameter called {name}")))
    }

    fn find(&self, name: &str) -> Result<ClapId, HostFault> {
        let id = self.parameter(name)?.id;
        ClapId::from_raw(id).ok_or_else(|| HostFault::Lacks(format!("id of {name}")))
    }

    /// The pages for a controller with eight knobs.
    ///
    /// # Errors
    /// The plugin has no pages, or not as many as it counts.
    pub fn remote_pages(&mut self) -> Result<Vec<RemotePage>, HostFault> {
        let handle = self.instance.plugin_handle();
        let extension = handle.get_extension::<PluginRemoteControls>();
        let extension = extension.ok_or_else(|| HostFault::Lacks("remote controls".into()))?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (0..extension.count(&handle))
            .map(|index| {
                let mut buffer = RemoteControlsPageBuffer::new();
                let page = extension.get(&handle, index, &mut buffer);
                let page = page.ok_or_else(|| HostFault::Lacks(format!("page {index}, which it counts")))?;
                let knobs = page.param_ids.map(|id| id.map(|id| id.get()));
                Ok(RemotePage { section: text(page.section_name), name: text(page.page_name), knobs })
            })
            .collect()
    }

    /// Sets a parameter with the next block.
    ///
    /// # Errors
    /// There is no such parameter.
    pub fn set(&mut self, name: &str, value: f64) -> Result<(), HostFault> {
        self.set_at(0, name, value)
    }

    /// Sets a parameter at a sample of what is played next.
    ///
    /// # Errors
    /// There is no such parameter.
    pub fn set_at(&mut self, at: usize, name: &str, value: f64) -> Result<(), HostFault> {
        let id = self.find(name)?;
        self.pending.push(Change { at, id, value });
        Ok(())
    }

    /// Sets a parameter with the next block, to the value that the plugin reads from a text.
    ///
    /// # Errors
    /// There is no such parameter, or the plugin does not understand the text.
    pub fn set_text(&mut self, name: &str, text: &str) -> Result<(), HostFault> {
        let value = self.read_text(name, text)?;
        self.set(name, value)
    }

    /// The value that the plugin reads from a text.
    ///
    /// # Errors
    /// There is no such parameter, or the plugin does not understand the text.
    pub fn read_text(&mut self, name: &str, text: &str) -> Result<f64, HostFault> {
        let id = self.find(name)?;
        let c_text = CString::new(text).map_err(|e| HostFault::refused("read a text", e))?;
        let handle = self.instance.plugin_handle();
        let extension = handle.get_extension::<PluginParams>();
        let value = extension.and_then(|extension| extension.text_to_value(&handle, id, &c_text));
        value.ok_or_else(|| HostFault::refused("read a text", format!("{text:?} for {name}")))
    }

    /// Current value of a parameter.
    ///
    /// # Errors
    /// There is no such parameter.
    pub fn value(&mut self, name: &str) -> Result<f64, HostFault> {
        let id = self.find(name)?;
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
        let id = self.find(name)?;
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

    /// Chooses the number of channels, as many in as out. The plugin must not be active.
    ///
    /// # Errors
    /// The plugin has no such configuration.
    pub fn select_channels(&mut self, channels: usize) -> Result<(), HostFault> {
        self.select_layout(channels, channels)
    }

    /// Chooses the number of channels in and out. The plugin must not be active.
    ///
    /// # Errors
    /// The plugin has no such configuration.
    pub fn select_layout(&mut self, channels_in: usize, channels_out: usize) -> Result<(), HostFault> {
        let handle = self.instance.plugin_handle();
        let extension = handle.get_extension::<PluginAudioPortsConfig>();
        let extension = extension.ok_or_else(|| HostFault::Lacks("audio port configurations".into()))?;
        let mut buffer = AudioPortsConfigBuffer::new();
        for index in 0..extension.count(&handle) {
            let Some(config) = extension.get(&handle, index, &mut buffer) else { continue };
            let count =
                |port: &Option<MainPortInfo<'_>>| port.as_ref().map_or(0, |port| port.channel_count as usize);
            if count(&config.main_input) == channels_in && count(&config.main_output) == channels_out {
                let id = config.id;
                extension.select(&handle, id).map_err(|e| HostFault::refused("change its channels", e))?;
                self.channels = (channels_in, channels_out);
                return Ok(());
            }
        }
        Err(HostFault::Lacks(format!("configuration of {channels_in} channels in and {channels_out} out")))
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

    /// Waits until so many samples have come out of the plugin since playing began. For what runs while it plays.
    ///
    /// # Errors
    /// Nothing came out for a minute.
    pub fn wait_until_played(&mut self, samples: usize) -> Result<(), HostFault> {
        self.until_played(samples, |_| ())
    }

    /// The same, and gives the plugin the main thread whenever it asks for it.
    ///
    /// # Errors
    /// As [`Plugin::wait_until_played`].
    pub fn pump_until_played(&mut self, samples: usize) -> Result<(), HostFault> {
        self.until_played(samples, Self::pump)
    }

    fn until_played(&mut self, samples: usize, meanwhile: impl Fn(&mut Self)) -> Result<(), HostFault> {
        let (mut before, mut since) = (0, Instant::now());
        loop {
            let played = self.requests.played_samples.load(Ordering::SeqCst);
            if played >= samples {
                return Ok(());
            }
            if played > before {
                (before, since) = (played, Instant::now());
            }
            if since.elapsed() > STUCK {
                return Err(HostFault::refused("play on", format!("{played} of {samples} samples came out")));
            }
            meanwhile(self);
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Has every block run by `watch` from now on.
    pub fn watch(&mut self, watch: Option<Watch>) {
        self.watch = watch;
    }

    /// For how many samples the plugin said that it sounds on, behind the last block that it played.
    pub fn tail_samples(&self) -> u32 {
        self.tail_samples
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

    /// Plays like [`Plugin::play`], as fast as it can, while the main thread does something with the plugin.
    ///
    /// # Errors
    /// As [`Plugin::play`], or what `meanwhile` gives.
    ///
    /// # Panics
    /// As [`Plugin::play`].
    pub fn play_while(
        &mut self,
        input: &[Vec<f32>],
        blocks: &[usize],
        meanwhile: impl FnOnce(&mut Self) -> Result<(), HostFault>,
    ) -> Result<Vec<Vec<f32>>, HostFault> {
        self.play_paced(input, blocks, None, meanwhile)
    }

    fn play_paced(
        &mut self,
        input: &[Vec<f32>],
        blocks: &[usize],
        pace_hz: Option<u32>,
        meanwhile: impl FnOnce(&mut Self) -> Result<(), HostFault>,
    ) -> Result<Vec<Vec<f32>>, HostFault> {
        let (channels_in, channels_out) = self.channels;
        assert_eq!(input.len(), channels_in, "channels");
        assert!(blocks.iter().all(|&n| (1..=self.max_block_samples).contains(&n)), "blocks {blocks:?}");
        let Some(processor) = self.processor.take() else { panic!("the plugin is not active") };
        let mut changes = std::mem::take(&mut self.pending);
        changes.sort_by_key(|change| change.at);
        let requests = Arc::clone(&self.requests);
        requests.played_samples.store(0, Ordering::SeqCst);
        let watch = self.watch.clone();
        let score = Score { input, channels_out, blocks, changes: &changes, pace_hz, watch };
        let run = || run(processor, &score, &requests.played_samples);
        let (played, meant) = std::thread::scope(|scope| {
            let audio = scope.spawn(run);
            let meant = meanwhile(self);
            (audio.join(), meant)
        });
        let played = played.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        self.processor = Some(played.processor);
        self.longest_block = self.longest_block.max(played.longest_block);
        self.tail_samples = played.tail_samples;
        self.pump();
        // What went wrong with the sound is why somebody waited for it in vain.
        let output = played.output?;
        meant.map(|()| output)
    }
}

impl Drop for Plugin {
    fn drop(&mut self) {
        self.close_window();
        self.deactivate();
    }
}
