//! The loudspeakers: what the loader knows of them.

use super::fetch::{Bytes, Fetcher, Known};
use super::loader::guarded;
use super::status::LoadError;
use super::{ContentHash, DEFAULT_CAB_SLOTS, Desk, OwnFile, Part, Source, Wish};
use crate::rack::{Link, RackFormat, Speaker};
use crate::session::Finder;
use shared::cabinets::{FactoryCabinet, OWN_FILE_SLOT};
use shared::dsp::response::Response;
use std::path::Path;
use std::sync::Arc;

/// What is shown of a loudspeaker.
#[derive(Clone, Debug, PartialEq)]
pub struct CabInfo {
    /// Its name.
    pub name: String,
    /// Its slot.
    pub slot: usize,
    /// Length of the response in seconds.
    pub seconds: f64,
    /// Channels of the response.
    pub channels: usize,
    /// Sample rate of the response's file, in Hz.
    pub sample_rate_hz: f64,
}

/// Which loudspeaker, in a form that can be compared.
#[derive(Clone, Debug, PartialEq)]
enum Key {
    Factory(usize),
    Own(ContentHash),
    /// None: the signal as it is.
    Dry,
}

/// A response that was read.
struct Loaded {
    key: Key,
    /// `None` if there is nothing to play.
    response: Option<Response>,
    info: Option<CabInfo>,
}

impl Loaded {
    fn new(key: Key, response: Response, name: String, slot: usize) -> Self {
        let info = CabInfo {
            name,
            slot,
            seconds: response.channels()[0].len() as f64 / response.sample_rate_hz(),
            channels: response.channels().len(),
            sample_rate_hz: response.sample_rate_hz(),
        };
        Self { key, response: Some(response), info: Some(info) }
    }
}

/// Both loudspeakers.
#[derive(Default)]
pub(super) struct Cabs {
    loaded: [Option<Loaded>; 2],
    delivered: [Option<(Key, RackFormat, u64)>; 2],
    /// The player's own files, while they are wished for.
    own: [Option<Known>; 2],
}

impl Cabs {
    /// What plays, for the window.
    pub fn shown(&self) -> [Option<CabInfo>; 2] {
        self.loaded.each_ref().map(|loaded| loaded.as_ref().and_then(|l| l.info.clone()))
    }

    /// What is known of the player's own files that are wished for.
    pub fn known(&mut self) -> [Option<&mut Known>; 2] {
        self.own.each_mut().map(Option::as_mut)
    }

    /// Reads what is wished for, unless it was already, and hands it to the audio thread. What cannot be read leaves
    /// what played, or else the default; a session's own file that is nowhere leaves none.
    pub fn fulfil(
        &mut self,
        wish: &Wish,
        desk: &Desk,
        link: &Link,
        finder: &dyn Finder,
    ) -> Result<(), LoadError> {
        let mut result = Ok(());
        for (at, part) in Part::CABS.into_iter().enumerate() {
            let read = guarded(|| self.read(at, wish.source(part), desk, finder));
            if let Err(error) = read {
                if self.loaded[at].is_none() {
                    let usual = Source { slot: DEFAULT_CAB_SLOTS[at], own: OwnFile::default() };
                    self.read(at, &usual, desk, finder)?;
                }
                result = Err(error);
            }
            if let Some(format) = wish.format {
                self.deliver(at, format, wish.generation, link)?;
            }
        }
        result
    }

    fn read(
        &mut self,
        at: usize,
        source: &Source,
        desk: &Desk,
        finder: &dyn Finder,
    ) -> Result<(), LoadError> {
        if source.slot == OWN_FILE_SLOT {
            return self.read_own(at, &source.own, desk, finder);
        }
        self.own[at] = None;
        let slot = match (FactoryCabinet::in_slot(source.slot), &self.loaded[at]) {
            (Some(cabinet), _) => cabinet.slot,
            // A slot that a later version may fill: what plays goes on.
            (None, Some(_)) => return Ok(()),
            (None, None) => DEFAULT_CAB_SLOTS[at],
        };
        if self.plays(at) != Some(&Key::Factory(slot)) {
            let cabinet = FactoryCabinet::in_slot(slot).ok_or(LoadError::NoResponse)?;
            let name = cabinet.name.to_owned();
            self.loaded[at] = Some(Loaded::new(Key::Factory(slot), cabinet.load()?, name, slot));
        }
        Ok(())
    }

    fn read_own(
        &mut self,
        at: usize,
        own: &OwnFile,
        desk: &Desk,
        finder: &dyn Finder,
    ) -> Result<(), LoadError> {
        if let Some(known) = self.own[at].as_ref().filter(|known| known.status.version == own.version) {
            let key = known.hash.map_or(Key::Dry, Key::Own);
            if self.plays(at) == Some(&key) {
                return Ok(());
            }
        }
        let fetcher = Fetcher { part: Part::CABS[at], own, desk, finder, go_on: &|| !desk.is_abandoned() };
        match guarded(|| fetcher.fetch(&parse)) {
            Ok((response, known)) => {
                let key = known.hash.map_or(Key::Dry, Key::Own);
                if self.plays(at) != Some(&key) {
                    let stem = Path::new(&known.status.name).file_stem();
                    let name = stem.map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
                    self.loaded[at] = Some(Loaded::new(key, response, name, OWN_FILE_SLOT));
                }
                self.own[at] = Some(known);
                Ok(())
            }
            Err(error) if own.restored && !matches!(error, LoadError::NoResponse) => {
                self.own[at] = Some(fetcher.missing(&error));
                self.loaded[at] = Some(Loaded { key: Key::Dry, response: None, info: None });
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    fn plays(&self, at: usize) -> Option<&Key> {
        self.loaded[at].as_ref().map(|loaded| &loaded.key)
    }

    fn deliver(
        &mut self,
        at: usize,
        format: RackFormat,
        generation: u64,
        link: &Link,
    ) -> Result<(), LoadError> {
        let Some(loaded) = &self.loaded[at] else { return Ok(()) };
        let delivery = (loaded.key.clone(), format, generation);
        if self.delivered[at].as_ref() != Some(&delivery) {
            let speaker = guarded(|| match &loaded.response {
                Some(response) => Ok(Speaker::build(response, format)?),
                None => Ok(Speaker::build(&none(format)?, format)?),
            })?;
            link.speakers[at].send(Box::new(speaker));
            self.delivered[at] = Some(delivery);
        }
        Ok(())
    }
}

/// A response of a file's bytes.
fn parse(bytes: &Bytes, path: &Path) -> Result<Response, LoadError> {
    Ok(Response::from_bytes(Arc::clone(bytes), path)?)
}

/// What leaves a signal as it is.
fn none(format: RackFormat) -> Result<Response, LoadError> {
    Ok(Response::new(vec![vec![1.0]], format.sample_rate_hz)?)
}
