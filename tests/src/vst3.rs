//! What a VST3 host does with an instance's parameters and its window while nothing plays. The hosts of other people's
//! that the tests have always play.

use crate::host::Frame;
use std::ffi::{CString, c_char, c_void};
use std::path::Path;
use std::ptr::null_mut;
use std::sync::{Arc, Mutex};
use vst3::Steinberg::Vst::{
    IComponent, IComponent_iid, IComponentHandler, IComponentHandlerTrait, IEditController,
    IEditControllerTrait, ParamID, ParamValue, ParameterInfo,
};
use vst3::Steinberg::{
    IPlugView, IPlugViewTrait, IPluginBaseTrait, IPluginFactory, IPluginFactoryTrait, PClassInfo, int32,
    kResultOk, tresult,
};
use vst3::{Class, ComPtr, ComWrapper};

/// What an instance told its host of a parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Told {
    /// A gesture begins.
    Begin(ParamID),
    /// A value, from 0 to 1.
    Value(ParamID, ParamValue),
    /// The gesture ends.
    End(ParamID),
}

/// Writes down what it is told.
struct Handler {
    told: Arc<Mutex<Vec<Told>>>,
}

impl Handler {
    fn hear(&self, told: Told) -> tresult {
        if let Ok(mut all) = self.told.lock() {
            all.push(told);
        }
        kResultOk
    }
}

impl Class for Handler {
    type Interfaces = (IComponentHandler,);
}

impl IComponentHandlerTrait for Handler {
    unsafe fn beginEdit(&self, id: ParamID) -> tresult {
        self.hear(Told::Begin(id))
    }

    unsafe fn performEdit(&self, id: ParamID, value: ParamValue) -> tresult {
        self.hear(Told::Value(id, value))
    }

    unsafe fn endEdit(&self, id: ParamID) -> tresult {
        self.hear(Told::End(id))
    }

    unsafe fn restartComponent(&self, _: int32) -> tresult {
        kResultOk
    }
}

/// An instance that is not activated.
pub struct Instance {
    // The window goes before what it belongs to.
    view: Option<(ComPtr<IPlugView>, Frame)>,
    controller: ComPtr<IEditController>,
    component: ComPtr<IComponent>,
    _handler: ComWrapper<Handler>,
    told: Arc<Mutex<Vec<Told>>>,
}

impl Instance {
    /// The first class in a VST3 bundle's library, which stays loaded.
    ///
    /// # Errors
    /// It is none, or gives no instance.
    pub fn new(library: &Path) -> Result<Self, String> {
        let path = CString::new(library.as_os_str().as_encoded_bytes()).map_err(|e| e.to_string())?;
        // SAFETY: the functions are those of a VST3 module on Linux, called in the order that hosts do; the
        // interfaces are asked for by the names of their types.
        unsafe {
            let module = libc::dlopen(path.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL);
            let symbol = |name: &std::ffi::CStr| {
                let symbol = if module.is_null() { null_mut() } else { libc::dlsym(module, name.as_ptr()) };
                if symbol.is_null() { Err(format!("{}: no {name:?}", library.display())) } else { Ok(symbol) }
            };
            let enter: unsafe extern "C" fn(*mut c_void) -> bool =
                std::mem::transmute(symbol(c"ModuleEntry")?);
            let factory: unsafe extern "C" fn() -> *mut IPluginFactory =
                std::mem::transmute(symbol(c"GetPluginFactory")?);
            if !enter(module) {
                return Err("ModuleEntry refuses".into());
            }
            let factory = ComPtr::from_raw(factory()).ok_or("no factory")?;
            let mut info = std::mem::zeroed::<PClassInfo>();
            let mut object = null_mut();
            if factory.getClassInfo(0, &raw mut info) != kResultOk
                || factory.createInstance(info.cid.as_ptr(), IComponent_iid.as_ptr(), &raw mut object)
                    != kResultOk
            {
                return Err("no instance".into());
            }
            let component = ComPtr::from_raw(object.cast::<IComponent>()).ok_or("no component")?;
            if component.initialize(null_mut()) != kResultOk {
                return Err("initialize refuses".into());
            }
            let controller = component.cast::<IEditController>().ok_or("no controller")?;
            let told = Arc::default();
            let handler = ComWrapper::new(Handler { told: Arc::clone(&told) });
            let pointer = handler.as_com_ref::<IComponentHandler>().ok_or("no handler")?.as_ptr();
            controller.setComponentHandler(pointer);
            Ok(Self { view: None, controller, component, _handler: handler, told })
        }
    }

    /// The parameter of that name.
    pub fn parameter(&self, name: &str) -> Option<ParamID> {
        // SAFETY: all that is written is a valid structure.
        unsafe {
            (0..self.controller.getParameterCount()).find_map(|at| {
                let mut info = std::mem::zeroed::<ParameterInfo>();
                let found = self.controller.getParameterInfo(at, &raw mut info) == kResultOk;
                let title: Vec<u16> = info.title.into_iter().take_while(|&c| c != 0).collect();
                (found && String::from_utf16_lossy(&title) == name).then_some(info.id)
            })
        }
    }

    /// Sets a parameter, from 0 to 1, as a host does from its own window.
    pub fn set(&self, id: ParamID, value: ParamValue) {
        // SAFETY: an instance's parameters may be set at any time.
        unsafe { self.controller.setParamNormalized(id, value) };
    }

    /// A parameter, from 0 to 1.
    pub fn value(&self, id: ParamID) -> ParamValue {
        // SAFETY: it may be read at any time.
        unsafe { self.controller.getParamNormalized(id) }
    }

    /// What the host was told since the last call.
    pub fn told(&self) -> Vec<Told> {
        self.told.lock().map(|mut told| std::mem::take(&mut *told)).unwrap_or_default()
    }

    /// Opens its window inside one of ours.
    ///
    /// # Errors
    /// There is no screen, or it refuses.
    pub fn open_window(&mut self) -> Result<(), String> {
        let frame = Frame::new(1100, 680).map_err(|e| e.to_string())?;
        // SAFETY: the view is of this instance, and the frame lives until the view is removed.
        unsafe {
            let view = self.controller.createView(c"editor".as_ptr());
            let view = ComPtr::from_raw(view).ok_or("no view")?;
            let kind: *const c_char = c"X11EmbedWindowID".as_ptr();
            if view.attached(frame.id() as usize as *mut c_void, kind) != kResultOk {
                return Err("the window is refused".into());
            }
            self.view = Some((view, frame));
        }
        Ok(())
    }

    /// Closes the window.
    pub fn close_window(&mut self) {
        if let Some((view, _frame)) = self.view.take() {
            // SAFETY: the view is attached.
            unsafe { view.removed() };
        }
    }

    /// Lets go of an instance whose window was never closed, as hosts do that break down.
    pub fn forsake(self) {
        // SAFETY: as for any instance.
        unsafe { self.component.terminate() };
    }
}
