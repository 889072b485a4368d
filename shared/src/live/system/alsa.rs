//! What ALSA's library is asked itself.

#[cfg(target_os = "linux")]
mod library {
    use alsa_sys::{
        __va_list_tag, SND_PCM_NONBLOCK, SND_PCM_STREAM_CAPTURE, SND_PCM_STREAM_PLAYBACK, SND_PCM_TYPE_NULL,
        snd_lib_error_set_local, snd_local_error_handler_t, snd_pcm_close, snd_pcm_open, snd_pcm_type,
    };
    use std::ffi::{CString, c_char, c_int};

    /// As long as this lives, ALSA's library prints no errors of this thread's calls: they come back as values.
    pub struct Quiet {
        before: snd_local_error_handler_t,
    }

    unsafe extern "C" fn ignore(
        _: *const c_char,
        _: c_int,
        _: *const c_char,
        _: c_int,
        _: *const c_char,
        _: *mut __va_list_tag,
    ) {
    }

    impl Quiet {
        pub fn new() -> Self {
            // SAFETY: the handler has the signature that ALSA calls, and looks at nothing.
            let before = unsafe { snd_lib_error_set_local(Some(ignore)) };
            Self { before }
        }
    }

    impl Drop for Quiet {
        fn drop(&mut self) {
            // SAFETY: what was set before on this thread; it has not ended, for this is dropped on it.
            unsafe { snd_lib_error_set_local(self.before) };
        }
    }

    /// Whether a device hears nothing and plays to nobody.
    pub fn leads_nowhere(name: &str) -> bool {
        // A name with a card in it is that card's.
        let Ok(name) = CString::new(name) else { return false };
        if name.as_bytes().contains(&b':') {
            return false;
        }
        [SND_PCM_STREAM_PLAYBACK, SND_PCM_STREAM_CAPTURE].into_iter().any(|way| {
            let mut pcm = std::ptr::null_mut();
            // SAFETY: the name ends with 0, and what is opened is closed, once.
            unsafe {
                if snd_pcm_open(&mut pcm, name.as_ptr(), way, SND_PCM_NONBLOCK as c_int) < 0 {
                    return false;
                }
                let is_null = snd_pcm_type(pcm) == SND_PCM_TYPE_NULL;
                snd_pcm_close(pcm);
                is_null
            }
        })
    }
}

#[cfg(target_os = "linux")]
pub(super) use library::{Quiet, leads_nowhere};

/// There is nothing to keep quiet.
#[cfg(not(target_os = "linux"))]
pub(super) struct Quiet(());

#[cfg(not(target_os = "linux"))]
impl Quiet {
    pub fn new() -> Self {
        Self(())
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) fn leads_nowhere(_: &str) -> bool {
    false
}
