//! Cranelift's settings, and machine code in memory.

use std::{
    cell::Cell,
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use cranelift_codegen::{
    Context,
    ir::{AbiParam, FuncRef, Function, Signature, types::I64},
    isa::{CallConv, OwnedTargetIsa, TargetFrontendConfig},
    settings::{self, Configurable},
};
use cranelift_frontend::FunctionBuilderContext;
use cranelift_jit::{JITBuilder, JITModule};
use cranelift_module::{FuncId, Linkage, Module, default_libcall_names};
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

/// Cranelift's memory, which the next function uses again.
struct Workspace {
    context: Context,
    builder: FunctionBuilderContext,
}

impl Default for Workspace {
    fn default() -> Self {
        Self { context: Context::new(), builder: FunctionBuilderContext::new() }
    }
}

thread_local! {
    /// Dropped where something failed, since it is half done then.
    static WORKSPACE: Cell<Option<Box<Workspace>>> = const { Cell::new(None) };
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

/// Makes a function known to another that calls it.
pub(crate) type Link<'a> = &'a mut dyn FnMut(usize, &mut Function) -> Option<FuncRef>;

/// Builds the function of a method, or of the region that is entered.
pub(crate) type Build<'a> = &'a mut dyn FnMut(
    Option<usize>,
    &mut Function,
    &mut FunctionBuilderContext,
    Link<'_>,
    TargetFrontendConfig,
) -> Result<(), Refusal>;

impl Machine {
    /// Compiles a region, and the methods that it calls, of the signatures given.
    pub(crate) fn compile(wants_text: bool, methods: &[(usize, Signature)], build: Build<'_>) -> Result<Self, Refusal> {
        let isa = target().ok_or(Refusal::Platform)?;
        let module = JITModule::new(JITBuilder::with_isa(Arc::clone(&isa), default_libcall_names()));
        let text = wants_text.then(Text::default);
        let mut machine = Self { module: Some(module), entry: core::ptr::null(), size: 0, text };
        let mut ids = BTreeMap::new();
        for (method, signature) in methods {
            ids.insert(*method, machine.declare(&format!("method_{method}"), signature)?);
        }
        let region = signature();
        let entry = machine.declare("region", &region)?;
        let mut workspace = WORKSPACE.take().unwrap_or_default();
        let Workspace { context, builder } = &mut *workspace;
        for (method, signature) in
            methods.iter().map(|(method, signature)| (Some(*method), signature)).chain([(None, &region)])
        {
            context.clear();
            context.func.signature = signature.clone();
            context.set_disasm(wants_text);
            let module = machine.module.as_mut().ok_or(Refusal::Cranelift)?;
            let mut link = |method: usize, function: &mut Function| {
                Some(module.declare_func_in_func(*ids.get(&method)?, function))
            };
            build(method, &mut context.func, builder, &mut link, isa.frontend_config())?;
            let id = method.and_then(|method| ids.get(&method).copied()).unwrap_or(entry);
            machine.define(id, context)?;
        }
        WORKSPACE.set(Some(workspace));
        let module = machine.module.as_mut().ok_or(Refusal::Cranelift)?;
        module.finalize_definitions().map_err(|_| Refusal::Cranelift)?;
        machine.entry = module.get_finalized_function(entry);
        Ok(machine)
    }

    fn declare(&mut self, name: &str, signature: &Signature) -> Result<FuncId, Refusal> {
        let module = self.module.as_mut().ok_or(Refusal::Cranelift)?;
        module.declare_function(name, Linkage::Local, signature).map_err(|_| Refusal::Cranelift)
    }

    fn define(&mut self, id: FuncId, context: &mut Context) -> Result<(), Refusal> {
        if let Some(text) = &mut self.text {
            text.clif += &context.func.display().to_string();
        }
        let module = self.module.as_mut().ok_or(Refusal::Cranelift)?;
        module.define_function(id, context).map_err(|_| Refusal::Cranelift)?;
        if let Some(compiled) = context.compiled_code() {
            self.size += compiled.code_buffer().len();
            if let (Some(text), Some(assembly)) = (&mut self.text, &compiled.vcode) {
                text.assembly += assembly;
            }
        }
        Ok(())
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
