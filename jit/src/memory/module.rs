//! From functions in Cranelift's intermediate language to machine code: settings, linking, and the code in text.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    sync::OnceLock,
};

use cranelift_codegen::{
    Context, FinalizedRelocTarget,
    binemit::Reloc,
    control::ControlPlane,
    ir::{AbiParam, ExtFuncData, ExternalName, FuncRef, Function, Signature, UserExternalName, types::I64},
    isa::{CallConv, OwnedTargetIsa, TargetFrontendConfig},
    settings::{self, Configurable},
};
use cranelift_frontend::FunctionBuilderContext;
use neovm_interp::tier::Builtin;

use super::{
    arena::Pages,
    code::{MachineCode, Text},
};
use crate::Refusal;

/// Functions begin at multiples of this.
const ALIGNMENT: usize = 16;

/// The processor that code is made for; none where none can be made.
pub(crate) fn target() -> Option<OwnedTargetIsa> {
    static TARGET: OnceLock<Option<OwnedTargetIsa>> = OnceLock::new();
    TARGET
        .get_or_init(|| {
            let checks = if cfg!(debug_assertions) { "true" } else { "false" };
            let mut flags = settings::builder();
            for (name, value) in [
                ("opt_level", "none"),
                ("enable_verifier", checks),
                ("regalloc_checker", checks),
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

/// A function of the interpreter that machine code calls.
struct Import {
    address: usize,
    name: String,
}

/// Makes functions known to others that call them. Cranelift knows them by numbers: first the methods, then the region,
/// then builtins.
#[derive(Clone, Copy)]
pub(crate) struct Linker<'a> {
    /// The methods, by their first instruction.
    methods: &'a [(usize, Signature)],
    imports: &'a RefCell<Vec<Import>>,
}

impl Linker<'_> {
    /// A method that is compiled together with its caller.
    pub(crate) fn method(&self, entry: usize, caller: &mut Function) -> Option<FuncRef> {
        let number = self.methods.iter().position(|(own, _)| *own == entry)?;
        Some(declare(caller, number, self.methods[number].1.clone(), true))
    }

    /// A function of the interpreter.
    pub(crate) fn builtin<const P: usize, const R: usize>(
        &self,
        builtin: &Builtin<P, R>,
        caller: &mut Function,
    ) -> FuncRef {
        let address = builtin.address().addr();
        let mut imports = self.imports.borrow_mut();
        let known = imports.iter().position(|import| import.address == address);
        let number = known.unwrap_or_else(|| {
            imports.push(Import { address, name: builtin.name().to_owned() });
            imports.len() - 1
        });
        let mut signature = Signature::new(CallConv::SystemV);
        signature.params.extend([AbiParam::new(I64); P]);
        signature.returns.extend([AbiParam::new(I64); R]);
        declare(caller, self.methods.len() + 1 + number, signature, false)
    }
}

/// Declares the function with a number in its caller. Code that is near is called by its distance.
fn declare(caller: &mut Function, number: usize, signature: Signature, is_near: bool) -> FuncRef {
    let signature = caller.import_signature(signature);
    let name = UserExternalName { namespace: 0, index: number as u32 };
    let name = ExternalName::user(caller.declare_imported_user_function(name));
    caller.import_function(ExtFuncData { name, signature, colocated: is_near, patchable: false })
}

/// Builds the function of a method, or of the region that is entered.
pub(crate) type Build<'a> = &'a mut dyn FnMut(
    Option<usize>,
    &mut Function,
    &mut FunctionBuilderContext,
    Linker<'_>,
    TargetFrontendConfig,
) -> Result<(), Refusal>;

/// A place in code where the address of a function belongs.
struct Patch {
    /// The offset in the code of all functions.
    at: usize,
    kind: Reloc,
    /// The number of the function, and what is added to its address.
    function: usize,
    addend: i64,
}

/// The functions of a region one after the other, before they have an address.
#[derive(Default)]
struct Assembled {
    code: Vec<u8>,
    /// Where each function begins.
    starts: Vec<usize>,
    patches: Vec<Patch>,
}

impl MachineCode {
    /// Compiles a region, and the methods that it calls, of the signatures given.
    pub(crate) fn compile(wants_text: bool, methods: &[(usize, Signature)], build: Build<'_>) -> Result<Self, Refusal> {
        let isa = target().ok_or(Refusal::Platform)?;
        let mut text = wants_text.then(Box::<Text>::default);
        let imports = RefCell::default();
        let linker = Linker { methods, imports: &imports };
        let mut assembled = Assembled::default();
        let mut workspace = WORKSPACE.take().unwrap_or_default();
        let Workspace { context, builder } = &mut *workspace;
        let region = signature();
        let methods = methods.iter().map(|(method, signature)| (Some(*method), signature));
        for (method, signature) in methods.chain([(None, &region)]) {
            context.clear();
            context.func.signature = signature.clone();
            context.set_disasm(wants_text);
            build(method, &mut context.func, builder, linker, isa.frontend_config())?;
            if let Some(text) = &mut text {
                text.clif += &clif(&context.func, linker);
            }
            assembled.add(context, &isa)?;
            if let (Some(text), Some(compiled)) = (&mut text, context.compiled_code()) {
                text.assembly += compiled.vcode.as_deref().unwrap_or_default();
            }
        }
        WORKSPACE.set(Some(workspace));
        let size = assembled.code.len();
        let mut pages = Pages::take(size).map_err(|_| Refusal::Cranelift)?;
        assembled.patch(pages.start().addr(), &imports.into_inner())?;
        pages.write(&assembled.code).map_err(|_| Refusal::Cranelift)?;
        let entry = pages.start().wrapping_add(assembled.starts.last().copied().unwrap_or_default());
        Ok(Self { pages, cells: Vec::new(), entry, size, text })
    }
}

impl Assembled {
    /// Compiles a function, and adds its code.
    fn add(&mut self, context: &mut Context, isa: &OwnedTargetIsa) -> Result<(), Refusal> {
        let start = self.code.len().next_multiple_of(ALIGNMENT);
        self.code.resize(start, 0);
        self.starts.push(start);
        context.compile(&**isa, &mut ControlPlane::default()).map_err(|_| Refusal::Cranelift)?;
        let compiled = context.compiled_code().ok_or(Refusal::Cranelift)?;
        self.code.extend_from_slice(compiled.code_buffer());
        for reloc in compiled.buffer.relocs() {
            let FinalizedRelocTarget::ExternalName(ExternalName::User(name)) = reloc.target else {
                return Err(Refusal::Cranelift);
            };
            let function = context.func.params.user_named_funcs()[name].index as usize;
            let at = start + reloc.offset as usize;
            self.patches.push(Patch { at, kind: reloc.kind, function, addend: reloc.addend });
        }
        Ok(())
    }

    /// Writes the addresses of functions to where they belong, for code that will lie at an address.
    fn patch(&mut self, base: usize, imports: &[Import]) -> Result<(), Refusal> {
        for &Patch { at, kind, function, addend } in &self.patches {
            let own = self.starts.get(function).map(|start| base + start);
            let address = own.or_else(|| Some(imports.get(function - self.starts.len())?.address));
            let address = address.ok_or(Refusal::Cranelift)?.wrapping_add_signed(addend as isize);
            match kind {
                Reloc::Abs8 => self.code[at..at + 8].copy_from_slice(&address.to_le_bytes()),
                Reloc::X86CallPCRel4 => {
                    let distance = address.wrapping_sub(base + at) as isize;
                    let distance = i32::try_from(distance).map_err(|_| Refusal::Cranelift)?;
                    self.code[at..at + 4].copy_from_slice(&distance.to_le_bytes());
                }
                _ => return Err(Refusal::Cranelift),
            }
        }
        Ok(())
    }
}

/// A function in text, with the names of the functions that it calls.
fn clif(function: &Function, linker: Linker<'_>) -> String {
    let imports = linker.imports.borrow();
    let name_of = |number: usize| match linker.methods.get(number) {
        Some((method, _)) => Some(format!("method_{method}")),
        None => Some(imports.get(number.checked_sub(linker.methods.len() + 1)?)?.name.clone()),
    };
    let names: HashMap<_, _> = function
        .dfg
        .ext_funcs
        .iter()
        .filter_map(|(reference, callee)| {
            let ExternalName::User(name) = callee.name else { return None };
            Some((reference.to_string(), name_of(function.params.user_named_funcs()[name].index as usize)?))
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
