//! Cranelift's settings, and machine code in memory.

use std::sync::{Arc, OnceLock};

use cranelift_codegen::{
    Context,
    ir::{AbiParam, Function, Signature, types::I64},
    isa::{CallConv, OwnedTargetIsa, TargetFrontendConfig},
    settings::{self, Configurable},
};
use cranelift_frontend::FunctionBuilderContext;
use cranelift_jit::{JITBuilder, JITModule};
use cranelift_module::{Linkage, Module, default_libcall_names};
use neovm_interp::Code;

use crate::Refusal;

/// The processor that code is made for; none where none can be made.
pub(crate) fn target() -> Option<OwnedTargetIsa> {
    static TARGET: OnceLock<Option<OwnedTargetIsa>> = OnceLock::new();
    TARGET
        .get_or_init(|| {
            let mut flags = settings::builder();
            for (name, value) in [
                ("opt_level", "none"),
                ("enable_verifier", if cfg!(debug_assertions) { "true" } else { "false" }),
                ("unwind_info", "false"),
                ("enable_probestack", "false"),
                ("is_pic", "false"),
                ("use_colocated_libcalls", "false"),
            ] {
                flags.set(name, value).ok()?;
            }
            cranelift_native::builder().ok()?.finish(settings::Flags::new(flags)).ok()
        })
        .clone()
        .filter(|_| neovm_interp::SIBLING_CALLS && cfg!(target_arch = "x86_64"))
}

/// The address of the interpreter's operation for an instruction.
pub(crate) fn helper(code: &Code, place: usize) -> usize {
    code.helper(place).unwrap_or_default()
}

/// The signature of a handler: what a region's function has.
pub(crate) fn signature() -> Signature {
    let mut signature = Signature::new(CallConv::SystemV);
    signature.params.extend([AbiParam::new(I64); 6]);
    signature
}

/// Machine code, freed when it is dropped.
pub(crate) struct Machine {
    module: Option<JITModule>,
    pub(crate) entry: *const u8,
    pub(crate) size: usize,
    /// The code in text, if it was asked for.
    pub(crate) text: Option<Text>,
}

/// A region's code in text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Text {
    pub(crate) clif: String,
    pub(crate) assembly: String,
}

// SAFETY: the code is never written again; what can be done with the module is
// to free it, which any thread may.
unsafe impl Send for Machine {}
// SAFETY: as above.
unsafe impl Sync for Machine {}

impl Machine {
    /// Compiles a function that `build` makes.
    pub(crate) fn compile<R>(
        wants_text: bool,
        build: impl FnOnce(&mut Function, &mut FunctionBuilderContext, TargetFrontendConfig) -> Result<R, Refusal>,
    ) -> Result<(Self, R), Refusal> {
        let isa = target().ok_or(Refusal::Platform)?;
        let mut module = JITModule::new(JITBuilder::with_isa(Arc::clone(&isa), default_libcall_names()));
        let mut context = Context::new();
        context.func.signature = signature();
        context.set_disasm(wants_text);
        let result = build(&mut context.func, &mut FunctionBuilderContext::new(), isa.frontend_config());
        let result = match result {
            Ok(result) => result,
            Err(refusal) => {
                // SAFETY: no function of the module was made.
                unsafe { module.free_memory() };
                return Err(refusal);
            }
        };
        let clif = if wants_text { context.func.display().to_string() } else { String::new() };
        let mut machine = Self { module: None, entry: core::ptr::null(), size: 0, text: None };
        let id = module.declare_function("region", Linkage::Local, &context.func.signature).ok();
        let done = id.is_some_and(|id| module.define_function(id, &mut context).is_ok());
        if let Some(compiled) = context.compiled_code() {
            machine.size = compiled.code_buffer().len();
            let assembly = compiled.vcode.clone().unwrap_or_default();
            machine.text = wants_text.then_some(Text { clif, assembly });
        }
        if let (Some(id), true) = (id, done && module.finalize_definitions().is_ok()) {
            machine.entry = module.get_finalized_function(id);
        }
        machine.module = Some(module);
        if machine.entry.is_null() {
            return Err(Refusal::Cranelift);
        }
        Ok((machine, result))
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if let Some(module) = self.module.take() {
            // SAFETY: a machine is dropped with the script's code, when nobody
            // runs it, or before anybody could.
            unsafe { module.free_memory() };
        }
    }
}
