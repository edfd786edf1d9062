//! From functions in Cranelift's intermediate language to machine code: settings, linking, and the code in text.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, OnceLock},
};

use cranelift_codegen::{
    Context,
    ir::{AbiParam, ExternalName, FuncRef, Function, Signature, types::I64},
    isa::{CallConv, OwnedTargetIsa, TargetFrontendConfig},
    settings::{self, Configurable},
};
use cranelift_frontend::FunctionBuilderContext;
use cranelift_jit::{JITBuilder, JITModule};
use cranelift_module::{FuncId, Linkage, Module, default_libcall_names};
use neovm_interp::tier::Builtin;

use super::code::{MachineCode, Pages};
use crate::{Refusal, lock};

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
        .filter(|_| neovm_interp::TAIL_CALLS)
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

/// The builtins that a module calls: their addresses, by name.
type Imports = Arc<Mutex<HashMap<String, usize>>>;

/// Makes functions known to others that call them.
#[derive(Clone, Copy)]
pub(crate) struct Linker<'a> {
    module: &'a RefCell<JITModule>,
    methods: &'a BTreeMap<usize, FuncId>,
    imports: &'a Imports,
}

impl Linker<'_> {
    /// A method that is compiled together with its caller.
    pub(crate) fn method(&self, entry: usize, caller: &mut Function) -> Option<FuncRef> {
        let id = *self.methods.get(&entry)?;
        Some(self.module.borrow_mut().declare_func_in_func(id, caller))
    }

    /// A function of the interpreter.
    pub(crate) fn builtin<const P: usize, const R: usize>(
        &self,
        builtin: &Builtin<P, R>,
        caller: &mut Function,
    ) -> FuncRef {
        let mut module = self.module.borrow_mut();
        let mut signature = module.make_signature();
        signature.params.extend([AbiParam::new(I64); P]);
        signature.returns.extend([AbiParam::new(I64); R]);
        let id = module
            .declare_function(builtin.name(), Linkage::Import, &signature)
            .expect("each builtin has a name and a signature of its own");
        lock(self.imports).insert(builtin.name().to_owned(), builtin.address().addr());
        module.declare_func_in_func(id, caller)
    }
}

/// Builds the function of a method, or of the region that is entered.
pub(crate) type Build<'a> = &'a mut dyn FnMut(
    Option<usize>,
    &mut Function,
    &mut FunctionBuilderContext,
    Linker<'_>,
    TargetFrontendConfig,
) -> Result<(), Refusal>;

impl MachineCode {
    /// Compiles a region, and the methods that it calls, of the signatures given.
    pub(crate) fn compile(wants_text: bool, methods: &[(usize, Signature)], build: Build<'_>) -> Result<Self, Refusal> {
        let isa = target().ok_or(Refusal::Platform)?;
        let text = wants_text.then(Box::default);
        let mut machine_code =
            Self { pages: Pages::default(), cells: Vec::new(), entry: core::ptr::null(), size: 0, text };
        let mut builder = JITBuilder::with_isa(Arc::clone(&isa), default_libcall_names());
        builder.memory_provider(Box::new(machine_code.pages.clone()));
        let imports = Imports::default();
        let known = Arc::clone(&imports);
        builder.symbol_lookup_fn(Box::new(move |name| lock(&known).get(name).map(|&address| address as *const u8)));
        let mut module = JITModule::new(builder);
        let mut ids = BTreeMap::new();
        for (method, signature) in methods {
            ids.insert(*method, declare(&mut module, &format!("method_{method}"), signature)?);
        }
        let region = signature();
        let entry = declare(&mut module, "region", &region)?;
        let module = RefCell::new(module);
        let linker = Linker { module: &module, methods: &ids, imports: &imports };
        let mut workspace = WORKSPACE.take().unwrap_or_default();
        let Workspace { context, builder } = &mut *workspace;
        for (method, signature) in
            methods.iter().map(|(method, signature)| (Some(*method), signature)).chain([(None, &region)])
        {
            context.clear();
            context.func.signature = signature.clone();
            context.set_disasm(wants_text);
            build(method, &mut context.func, builder, linker, isa.frontend_config())?;
            let id = method.and_then(|method| ids.get(&method).copied()).unwrap_or(entry);
            machine_code.define(&mut module.borrow_mut(), id, context)?;
        }
        WORKSPACE.set(Some(workspace));
        let mut module = module.into_inner();
        module.finalize_definitions().map_err(|_| Refusal::Cranelift)?;
        machine_code.entry = module.get_finalized_function(entry);
        Ok(machine_code)
    }

    fn define(&mut self, module: &mut JITModule, id: FuncId, context: &mut Context) -> Result<(), Refusal> {
        if let Some(text) = &mut self.text {
            text.clif += &clif(&context.func, module);
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
}

/// A function in text, with the names of the functions that it calls.
fn clif(function: &Function, module: &JITModule) -> String {
    let names: HashMap<_, _> = function
        .dfg
        .ext_funcs
        .iter()
        .filter_map(|(reference, callee)| {
            let ExternalName::User(name) = callee.name else { return None };
            let id = FuncId::from_u32(function.params.user_named_funcs()[name].index);
            Some((reference.to_string(), module.declarations().get_function_decl(id).linkage_name(id)))
        })
        .collect();
    let mut text = String::new();
    for line in function.display().to_string().lines() {
        text += line;
        let mut words = line.split(|c: char| !c.is_ascii_alphanumeric());
        if let Some(name) = words.find_map(|word| names.get(word)) {
            text += "  ; ";
            text += name;
        }
        text.push('\n');
    }
    text
}

fn declare(module: &mut JITModule, name: &str, signature: &Signature) -> Result<FuncId, Refusal> {
    module.declare_function(name, Linkage::Local, signature).map_err(|_| Refusal::Cranelift)
}
