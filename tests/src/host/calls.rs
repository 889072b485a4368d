//! What a host answers to its plugin, and what can go wrong with one.

use clack_extensions::gui::{GuiSize, HostGui, HostGuiImpl};
use clack_extensions::latency::{HostLatency, HostLatencyImpl};
use clack_extensions::params::{
    HostParams, HostParamsImplMainThread, HostParamsImplShared, ParamClearFlags, ParamRescanFlags,
};
use clack_extensions::state::{HostState, HostStateImpl};
use clack_host::prelude::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};

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
    pub(super) fn refused(action: &'static str, problem: impl ToString) -> Self {
        Self::Refused { action, problem: problem.to_string() }
    }
}

/// What the plugin asked of its host.
#[derive(Debug, Default)]
pub(super) struct Requests {
    pub callback: AtomicBool,
    pub restarts: AtomicU32,
    /// Samples that came out of the plugin since playing began last.
    pub played_samples: AtomicUsize,
}

pub(super) struct Shared(pub Arc<Requests>);

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

impl HostGuiImpl for Shared {
    fn resize_hints_changed(&self) {}

    fn request_resize(&self, _: GuiSize) -> Result<(), HostError> {
        Ok(())
    }

    fn request_show(&self) -> Result<(), HostError> {
        Ok(())
    }

    fn request_hide(&self) -> Result<(), HostError> {
        Ok(())
    }

    fn closed(&self, _: bool) {}
}

pub(super) struct MainThread;

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

pub(super) struct Host;

impl HostHandlers for Host {
    type Shared<'a> = Shared;
    type MainThread<'a> = MainThread;
    type AudioProcessor<'a> = ();

    fn declare_extensions(builder: &mut HostExtensions<Self>, _: &Shared) {
        builder
            .register::<HostGui>()
            .register::<HostLatency>()
            .register::<HostParams>()
            .register::<HostState>();
    }
}
