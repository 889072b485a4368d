//! The plugin's window, on a screen that nobody sees.

use super::{HostFault, Plugin};
use clack_extensions::gui::{GuiApiType, GuiConfiguration, PluginGui, Window};
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use x11rb::COPY_DEPTH_FROM_PARENT;
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{ConnectionExt as _, CreateWindowAux, WindowClass};
use x11rb::rust_connection::RustConnection;

/// An X server without a screen, of our own. It ends with this.
pub struct Screen {
    server: Child,
    /// What programs need as `DISPLAY`.
    pub display: String,
}

impl Screen {
    /// Starts one; `None` where there is no Xvfb.
    ///
    /// # Panics
    /// It starts and says nothing.
    pub fn start() -> Option<Self> {
        // It chooses a free number itself, and says which.
        let mut server = Command::new("Xvfb")
            // Without `-noreset` it is away for a moment whenever its last client has gone.
            .args(["-displayfd", "1", "-screen", "0", "1920x1200x24", "-nolisten", "tcp", "-noreset"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut number = String::new();
        let said = server.stdout.take().map(BufReader::new).map(|mut out| out.read_line(&mut number));
        assert!(matches!(said, Some(Ok(1..))), "Xvfb does not start: {said:?}");
        Some(Self { server, display: format!(":{}", number.trim()) })
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// A host's window that the plugin's is in.
pub struct Frame {
    // Closed, the connection takes the window along.
    connection: RustConnection,
    window: u32,
}

impl Frame {
    /// A window of that size in pixels, on the screen that `DISPLAY` names.
    ///
    /// # Errors
    /// There is no screen.
    pub fn new(width: u16, height: u16) -> Result<Self, Box<dyn std::error::Error>> {
        let (connection, screen) = RustConnection::connect(None)?;
        let root = connection.setup().roots[screen].root;
        let window = connection.generate_id()?;
        let (class, aux) = (WindowClass::INPUT_OUTPUT, CreateWindowAux::new());
        let depth = COPY_DEPTH_FROM_PARENT;
        connection.create_window(depth, window, root, 0, 0, width, height, 0, class, 0, &aux)?;
        connection.map_window(window)?.check()?;
        Ok(Self { connection, window })
    }

    /// What X11 calls it.
    pub fn id(&self) -> u32 {
        self.window
    }
}

impl Plugin {
    /// Opens the plugin's window inside one of ours, on the screen that `DISPLAY` names.
    ///
    /// # Errors
    /// There is no screen, or the plugin refuses.
    pub fn open_window(&mut self) -> Result<(), HostFault> {
        let refused = |problem: &dyn ToString| HostFault::refused("open its window", problem.to_string());
        let handle = self.instance.plugin_handle();
        let gui = handle.get_extension::<PluginGui>().ok_or_else(|| HostFault::Lacks("window".into()))?;
        let configuration = GuiConfiguration { api_type: GuiApiType::X11, is_floating: false };
        gui.create(&handle, configuration).map_err(|e| refused(&e))?;
        let size = gui.get_size(&handle).ok_or_else(|| HostFault::Lacks("size of its window".into()))?;
        let frame = Frame::new(size.width as u16, size.height as u16).map_err(|e| refused(&e))?;
        let parent = Window::from_x11_handle(frame.window.into());
        // SAFETY: the window lives until the plugin's own is destroyed.
        unsafe { gui.set_parent(&handle, parent) }.map_err(|e| refused(&e))?;
        // Embedded windows are seen at once; some plugins refuse to be told.
        let _ = gui.show(&handle);
        self.frame = Some(frame);
        Ok(())
    }

    /// Whether the plugin's window is in ours.
    pub fn has_window(&self) -> bool {
        let Some(frame) = &self.frame else { return false };
        let tree = frame.connection.query_tree(frame.window).map(|cookie| cookie.reply());
        tree.is_ok_and(|tree| tree.is_ok_and(|tree| !tree.children.is_empty()))
    }

    /// Closes the window, if it is open.
    pub fn close_window(&mut self) {
        let Some(frame) = self.frame.take() else { return };
        let handle = self.instance.plugin_handle();
        if let Some(gui) = handle.get_extension::<PluginGui>() {
            gui.destroy(&handle);
        }
        drop(frame);
    }

    /// Never closes the plugin's window, as hosts do that break down. What comes back keeps ours.
    pub fn forsake_window(&mut self) -> impl Sized + use<> {
        self.frame.take()
    }
}
