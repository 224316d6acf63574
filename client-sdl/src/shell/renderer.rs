//! The choice of SDL's renderer.
//!
//! Without a graphics card OpenGL draws with the processor (llvmpipe), in twice
//! the time of SDL's own software renderer. SDL prefers OpenGL even so, and calls
//! it accelerated: the name of the OpenGL renderer tells them apart.

use anyhow::Context;
use sdl2::VideoSubsystem;
use sdl2::render::WindowCanvas;
use sdl2::sys::SDL_RendererFlags;
use sdl2::video::Window;

use crate::options::RendererOption;

/// Parts of the names of OpenGL renderers that compute pixels on the processor.
const SOFTWARE_GL: [&str; 5] = [
    "llvmpipe",
    "softpipe",
    "swiftshader",
    "swrast",
    "software rasterizer",
];
/// The name of SDL's own software renderer.
const SDL_SOFTWARE: &str = "software";
/// Off, SDL's software renderer copies its pixels to the window itself rather
/// than as a texture through OpenGL.
const FRAMEBUFFER_ACCELERATION: &str = "SDL_FRAMEBUFFER_ACCELERATION";

/// A canvas, and what is known of its renderer.
pub(super) struct Screen {
    pub(super) canvas: WindowCanvas,
    /// The name of the renderer, for the player.
    pub(super) name: String,
    /// Whether the renderer waits for the screen, as far as SDL knows.
    pub(super) is_synchronised: bool,
}

/// Makes the canvas of a window. `open` opens a hidden window.
///
/// # Errors
/// Returns an error if no window opens, or none can be drawn into.
pub(super) fn open(
    option: RendererOption,
    video: &VideoSubsystem,
    open: impl Fn() -> anyhow::Result<Window>,
) -> anyhow::Result<Screen> {
    let accelerated = match option {
        RendererOption::Auto | RendererOption::Accelerated => accelerated(video, open()?)
            .inspect_err(|error| tracing::info!(%error, "no accelerated renderer"))
            .ok(),
        RendererOption::Software => None,
    };
    let mut screen = match accelerated {
        Some(screen) if !is_replaced(option, &screen.name) => screen,
        Some(_) | None => software(open()?)?,
    };
    screen.canvas.window_mut().show();
    Ok(screen)
}

/// Returns whether the software renderer takes the place of a renderer.
fn is_replaced(option: RendererOption, name: &str) -> bool {
    let name = name.to_lowercase();
    match option {
        RendererOption::Auto => {
            name == SDL_SOFTWARE || SOFTWARE_GL.iter().any(|part| name.contains(part))
        }
        RendererOption::Accelerated => false,
        RendererOption::Software => true,
    }
}

fn accelerated(video: &VideoSubsystem, window: Window) -> anyhow::Result<Screen> {
    let canvas = window
        .into_canvas()
        .present_vsync()
        .build()
        .context("cannot draw into the window")?;
    let info = canvas.info();
    let gl = gl_renderer::name(video, &canvas);
    Ok(Screen {
        name: gl.unwrap_or_else(|| info.name.to_owned()),
        is_synchronised: info.flags & SDL_RendererFlags::SDL_RENDERER_PRESENTVSYNC as u32 != 0,
        canvas,
    })
}

/// Makes a canvas without vertical synchronisation, which SDL would only imitate.
fn software(window: Window) -> anyhow::Result<Screen> {
    sdl2::hint::set(FRAMEBUFFER_ACCELERATION, "0");
    let canvas = window
        .into_canvas()
        .software()
        .build()
        .context("cannot draw into the window")?;
    Ok(Screen {
        name: canvas.info().name.to_owned(),
        is_synchronised: false,
        canvas,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_software_renderer_replaces_opengl_on_the_processor_only() {
        let cases = [
            ("llvmpipe (LLVM 15.0.6, 256 bits)", true),
            ("softpipe", true),
            ("Google SwiftShader", true),
            ("Software Rasterizer", true),
            ("software", true),
            ("Mesa Intel(R) UHD Graphics 620 (KBL GT2)", false),
            ("AMD Radeon RX 6600 (navi23, LLVM 15.0.6, DRM 3.49)", false),
            ("NVIDIA GeForce RTX 3060/PCIe/SSE2", false),
            ("metal", false),
        ];
        for (name, expected) in cases {
            assert_eq!(is_replaced(RendererOption::Auto, name), expected, "{name}");
            assert!(!is_replaced(RendererOption::Accelerated, name), "{name}");
            assert!(is_replaced(RendererOption::Software, name), "{name}");
        }
    }
}
