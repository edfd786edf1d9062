//! Versions, engines and interrupts.

use std::{
    ffi::c_char,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use neovm::{
    EngineConfig, JitMode, Network, ProtocolSettings,
    types::{json::file::read, text::quoted},
};

use crate::{
    abi::*,
    boundary::{self, Failure, Outcome, guard, guard_with},
    handles::Shared,
};

static ENGINES: Shared<Network> = Shared::new();
static INTERRUPTS: Shared<Arc<AtomicBool>> = Shared::new();

pub(crate) fn engine(handle: neovm_engine) -> Outcome<Arc<Network>> {
    ENGINES.get(handle)
}

/// The flag of an interrupt; none for 0.
pub(crate) fn interrupt_flag(handle: neovm_interrupt) -> Outcome<Option<Arc<AtomicBool>>> {
    if handle == 0 { Ok(None) } else { Ok(Some(Arc::clone(&*INTERRUPTS.get(handle)?))) }
}

/// Returns the version of the ABI that the library was built with. A program that was built with a header of the
/// same or a lower version can use the library.
#[unsafe(no_mangle)]
pub extern "C" fn neovm_abi_version() -> u32 {
    NEOVM_ABI_VERSION
}

/// Returns the version of the library, such as `0.1.0`.
#[unsafe(no_mangle)]
pub extern "C" fn neovm_version() -> *const c_char {
    const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "\0");
    VERSION.as_ptr().cast()
}

/// Returns what the library can do: `NEOVM_CAP_JIT` and so on.
#[unsafe(no_mangle)]
pub extern "C" fn neovm_capabilities() -> u64 {
    let jit = if cfg!(all(unix, target_arch = "x86_64")) { NEOVM_CAP_JIT } else { 0 };
    jit | NEOVM_CAP_NATIVE_SIGNATURES | NEOVM_CAP_EXECUTOR | NEOVM_CAP_MACHINE
}

/// Returns what a status means, in a few words that never change and are never released.
#[unsafe(no_mangle)]
pub extern "C" fn neovm_status_text(status: i32) -> *const c_char {
    let text = match status {
        NEOVM_OK => c"success",
        NEOVM_ERR_ARGUMENT => c"an argument is null, not aligned or has a value that it cannot have",
        NEOVM_ERR_SIZE => c"the size of a struct is wrong",
        NEOVM_ERR_HANDLE => c"a handle stands for nothing, or for nothing of this kind on this thread",
        NEOVM_ERR_BUSY => c"the machine is running",
        NEOVM_ERR_INPUT => c"bytes or JSON cannot be read",
        NEOVM_ERR_STATE => c"the storage cannot be used",
        NEOVM_ERR_LIMIT => c"there is too much of something",
        NEOVM_ERR_PANIC => c"a defect of the library",
        NEOVM_ERR_FAULT => c"a fault of the script",
        _ => c"not a status of neovm",
    };
    text.as_ptr()
}

/// Makes an engine for a network. `options` may be null.
///
/// Release it by `neovm_engine_free`. An engine takes its memory as scripts come, up to the limits of its options.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn neovm_engine_new(
    options: *const neovm_engine_options,
    engine: *mut neovm_engine,
    message: *mut neovm_message,
) -> i32 {
    let body = || {
        boundary::check(engine)?;
        // SAFETY: structs of the caller are what their sizes say.
        let options = unsafe { boundary::read_or_zero(options)? };
        // SAFETY: bytes of the caller are there.
        let network = unsafe { boundary::bytes(options.network)? };
        let network = Network::with_engine(settings(network)?, config(&options)?);
        // SAFETY: the caller has room for the handle.
        unsafe { boundary::put(engine, ENGINES.insert(network)?) }
    };
    // SAFETY: the message is what its size says.
    unsafe { guard_with(message, body) }
}

/// Releases an engine. Executions that use it go on.
#[unsafe(no_mangle)]
pub extern "C" fn neovm_engine_free(engine: neovm_engine) -> i32 {
    guard(|| ENGINES.remove(engine).map(drop))
}

/// Makes an interrupt, which is not set.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn neovm_interrupt_new(interrupt: *mut neovm_interrupt) -> i32 {
    guard(|| {
        boundary::check(interrupt)?;
        // SAFETY: the caller has room for the handle.
        unsafe { boundary::put(interrupt, INTERRUPTS.insert(Arc::default())?) }
    })
}

/// Sets an interrupt, if `on` is not 0, or takes it back. Executions that were given it stop at their next
/// instruction; one that is in the middle of a system call stops behind that. Any thread may call this.
#[unsafe(no_mangle)]
pub extern "C" fn neovm_interrupt_set(interrupt: neovm_interrupt, on: u32) -> i32 {
    guard(|| {
        INTERRUPTS.get(interrupt)?.store(on != 0, Ordering::Relaxed);
        Ok(())
    })
}

/// Releases an interrupt.
#[unsafe(no_mangle)]
pub extern "C" fn neovm_interrupt_free(interrupt: neovm_interrupt) -> i32 {
    guard(|| INTERRUPTS.remove(interrupt).map(drop))
}

/// The settings of a network, from its name or from JSON.
fn settings(network: &[u8]) -> Outcome<ProtocolSettings> {
    let fail = |error: &dyn ToString| Failure::new(NEOVM_ERR_INPUT, format!("network: {}", error.to_string()));
    if network.is_empty() {
        return Ok(ProtocolSettings::mainnet());
    }
    if network.starts_with(b"{") {
        return read(network).map_err(|error| fail(&error));
    }
    let name = String::from_utf8_lossy(network);
    ProtocolSettings::by_name(&name).ok_or_else(|| fail(&format!("there is none with the name {}", quoted(&name))))
}

fn config(options: &neovm_engine_options) -> Outcome<EngineConfig> {
    boundary::check_reserved(options.reserved)?;
    let size = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
    let mut config = EngineConfig::default();
    if options.cache_bytes > 0 {
        config = config.with_cache_bytes(size(options.cache_bytes));
    }
    if options.compile > NEOVM_COMPILE_EAGER {
        return Err(Failure::argument(format!("compile is {}", options.compile)));
    }
    if options.machine_code_bytes > 0 {
        config = config.with_machine_code_bytes(size(options.machine_code_bytes));
    }
    Ok(config.with_jit(match (options.compile, JitMode::default()) {
        (NEOVM_COMPILE_NEVER, _) => JitMode::Off,
        (NEOVM_COMPILE_EAGER, _) => JitMode::Eager,
        (NEOVM_COMPILE_FOREGROUND, JitMode::Lazy { threshold, .. }) => JitMode::Lazy { threshold, background: false },
        (_, default) => default,
    }))
}
