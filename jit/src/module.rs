//! Cranelift's settings, and machine code in memory.

use std::{
    cell::Cell,
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex, OnceLock},
};

use cranelift_codegen::{
    Context,
    ir::{AbiParam, FuncRef, Function, Signature, types::I64},
    isa::{CallConv, OwnedTargetIsa, TargetFrontendConfig},
    settings::{self, Configurable},
};
use cranelift_frontend::FunctionBuilderContext;
use cranelift_jit::{BranchProtection, JITBuilder, JITMemoryKind, JITMemoryProvider, JITModule, SystemMemoryProvider};
use cranelift_module::{FuncId, Linkage, Module, ModuleResult, default_libcall_names};
use neovm_interp::Code;

use crate::{Refusal, lock};

/// Each function's memory begins with a page, so that it can be made executable.
const PAGE: usize = 4096;

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
        .filter(|_| neovm_interp::TAIL_CALLS && cfg!(target_arch = "x86_64"))
}

/// The address of the interpreter's operation for an instruction.
pub(crate) fn builtin(code: &Code, place: usize) -> usize {
    code.builtin(place).unwrap_or_default()
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

/// The pages of machine code: Cranelift's module writes them, and is gone when
/// the code is entered.
#[derive(Clone)]
struct Pages(Arc<Mutex<Mapped>>);

struct Mapped {
    provider: SystemMemoryProvider,
    bytes: usize,
}

impl Default for Pages {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Mapped { provider: SystemMemoryProvider::new(), bytes: 0 })))
    }
}

impl JITMemoryProvider for Pages {
    fn allocate(&mut self, size: usize, align: u64, kind: JITMemoryKind) -> io::Result<*mut u8> {
        let mut mapped = lock(&self.0);
        mapped.bytes += size.next_multiple_of(PAGE);
        mapped.provider.allocate(size, align, kind)
    }

    unsafe fn free_memory(&mut self) {
        // SAFETY: the caller's word.
        unsafe { lock(&self.0).provider.free_memory() };
    }

    fn finalize(&mut self, protection: BranchProtection) -> ModuleResult<()> {
        lock(&self.0).provider.finalize(protection)
    }
}

/// Machine code, freed when it is dropped.
pub(crate) struct Machine {
    pages: Pages,
    pub(crate) entry: *const u8,
    /// Bytes of code.
    pub(crate) size: usize,
    /// The code in text, if it was asked for.
    pub(crate) text: Option<Box<Text>>,
}

/// A region's code in text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Text {
    pub(crate) clif: String,
    pub(crate) assembly: String,
}

// SAFETY: the code is never written again; what can be done with its pages is to
// free them, which any thread may.
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
        let text = wants_text.then(Box::default);
        let mut machine = Self { pages: Pages::default(), entry: core::ptr::null(), size: 0, text };
        let mut builder = JITBuilder::with_isa(Arc::clone(&isa), default_libcall_names());
        builder.memory_provider(Box::new(machine.pages.clone()));
        let mut module = JITModule::new(builder);
        let mut ids = BTreeMap::new();
        for (method, signature) in methods {
            ids.insert(*method, declare(&mut module, &format!("method_{method}"), signature)?);
        }
        let region = signature();
        let entry = declare(&mut module, "region", &region)?;
        let mut workspace = WORKSPACE.take().unwrap_or_default();
        let Workspace { context, builder } = &mut *workspace;
        for (method, signature) in
            methods.iter().map(|(method, signature)| (Some(*method), signature)).chain([(None, &region)])
        {
            context.clear();
            context.func.signature = signature.clone();
            context.set_disasm(wants_text);
            let mut link = |method: usize, function: &mut Function| {
                Some(module.declare_func_in_func(*ids.get(&method)?, function))
            };
            build(method, &mut context.func, builder, &mut link, isa.frontend_config())?;
            let id = method.and_then(|method| ids.get(&method).copied()).unwrap_or(entry);
            machine.define(&mut module, id, context)?;
        }
        WORKSPACE.set(Some(workspace));
        module.finalize_definitions().map_err(|_| Refusal::Cranelift)?;
        machine.entry = module.get_finalized_function(entry);
        Ok(machine)
    }

    fn define(&mut self, module: &mut JITModule, id: FuncId, context: &mut Context) -> Result<(), Refusal> {
        if let Some(text) = &mut self.text {
            text.clif += &context.func.display().to_string();
        }
        module.define_function(id, context).map_err(|_| Refusal::Cranelift)?;
        if let Some(compiled) = context.compiled_code() {
            self.size += compiled.code_buffer().len();
            if let (Some(text), Some(assembly)) = (&mut self.text, &compiled.vcode) {
                text.assembly += assembly;
            }
        }
        Ok(())
    }

    /// Bytes that it takes: whole pages, and what keeps them.
    pub(crate) fn memory(&self) -> usize {
        size_of::<Mapped>() + lock(&self.pages.0).bytes
    }
}

fn declare(module: &mut JITModule, name: &str, signature: &Signature) -> Result<FuncId, Refusal> {
    module.declare_function(name, Linkage::Local, signature).map_err(|_| Refusal::Cranelift)
}

impl Drop for Machine {
    fn drop(&mut self) {
        // SAFETY: a machine is dropped with the script's code, when nobody runs it,
        // or before anybody could.
        unsafe { self.pages.free_memory() };
    }
}
