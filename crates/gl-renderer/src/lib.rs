//! The name of the OpenGL renderer behind an SDL canvas, for example
//! `llvmpipe (LLVM 15.0.6, 256 bits)`.
//!
//! SDL calls every OpenGL canvas "accelerated", also one whose pixels the
//! processor computes. This crate exists because OpenGL alone knows better, and
//! because the call takes unsafe code, which the other crates forbid.

use std::ffi::{CStr, c_char};

use sdl2::VideoSubsystem;
use sdl2::render::WindowCanvas;

/// `GL_RENDERER` of the OpenGL headers.
const GL_RENDERER: u32 = 0x1F01;

type GetString = extern "system" fn(u32) -> *const c_char;

/// Returns the name of the renderer that draws a canvas. `None` if the canvas is
/// not drawn by OpenGL.
#[must_use]
#[allow(unsafe_code)]
pub fn name(video: &VideoSubsystem, canvas: &WindowCanvas) -> Option<String> {
    // SDL's names are "opengl", "opengles" and "opengles2".
    if !canvas.info().name.starts_with("opengl") {
        return None;
    }
    let address = video.gl_get_proc_address("glGetString");
    if address.is_null() {
        return None;
    }
    // SAFETY: the address is that of `glGetString`, which has this signature on
    // every platform. SDL made the canvas's context current on this thread when it
    // made the canvas; without a current context the function returns null.
    let get_string = unsafe { std::mem::transmute::<*const (), GetString>(address) };
    let text = get_string(GL_RENDERER);
    if text.is_null() {
        return None;
    }
    // SAFETY: OpenGL returns a static string that ends with zero.
    let text = unsafe { CStr::from_ptr(text) };
    Some(text.to_string_lossy().into_owned())
}
