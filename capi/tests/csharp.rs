//! The declarations of the C# package: `bindings/csharp/src/Native.cs`, made of the sources of this crate.
//!
//! csbindgen makes most of them. It leaves out negative constants and the types of call-backs that are members of
//! structs, and cannot write a constant of type `usize`; those are added here. To write the file:
//! `BLESS=1 cargo test -p neovm-capi --test csharp`.

use std::{
    env,
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use neovm_capi::NEOVM_MESSAGE_SIZE;

const SOURCES: [&str; 8] =
    ["abi", "engine", "machine/api", "machine/host", "machine/items_api", "receipt", "run", "storage"];

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn source(name: &str) -> PathBuf {
    project(&format!("src/{name}.rs"))
}

/// What csbindgen makes of the sources.
fn declarations() -> String {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("Native.cs");
    let mut builder = csbindgen::Builder::default();
    for name in SOURCES {
        builder = builder.input_extern_file(source(name));
    }
    let made = builder
        .csharp_namespace("Neovm")
        .csharp_class_name("Native")
        .csharp_dll_name("neovm")
        .csharp_use_function_pointer(false)
        .csharp_use_nint_types(false)
        .csharp_generate_const_filter(|name| name.starts_with("NEOVM_") && name != "NEOVM_MESSAGE_SIZE")
        .generate_csharp_file(&path);
    made.unwrap();
    fs::read_to_string(path).unwrap()
}

/// The C# name of a type.
fn type_name(of: &syn::Type) -> String {
    match of {
        syn::Type::Ptr(pointer) => format!("{}*", type_name(&pointer.elem)),
        syn::Type::Path(path) => match path.path.segments.last().unwrap().ident.to_string().as_str() {
            "u8" => "byte".into(),
            "i32" => "int".into(),
            "u32" => "uint".into(),
            "u64" | "neovm_machine" => "ulong".into(),
            "usize" => "System.UIntPtr".into(),
            "c_void" => "void".into(),
            name if name.starts_with("neovm_") => name.into(),
            name => panic!("a call-back has a {name}"),
        },
        _ => panic!("a call-back has a type of another form"),
    }
}

/// The function that a member of a struct points to: `Option<unsafe extern "C" fn(..)>`.
fn call_back(member: &syn::Field) -> Option<&syn::TypeBareFn> {
    let syn::Type::Path(path) = &member.ty else { return None };
    let syn::PathArguments::AngleBracketed(arguments) = &path.path.segments.last()?.arguments else { return None };
    match arguments.args.first()? {
        syn::GenericArgument::Type(syn::Type::BareFn(function)) => Some(function),
        _ => None,
    }
}

/// The delegates of a struct's call-backs.
fn delegates(of: &syn::ItemStruct) -> String {
    let mut text = String::new();
    for member in &of.fields {
        let Some(function) = call_back(member) else { continue };
        let returned = match &function.output {
            syn::ReturnType::Default => "void".into(),
            syn::ReturnType::Type(_, returned) => type_name(returned),
        };
        let argument = |it: &syn::BareFnArg| format!("{} {}", type_name(&it.ty), it.name.as_ref().unwrap().0);
        let arguments: Vec<String> = function.inputs.iter().map(argument).collect();
        let name = format!("{}_{}", of.ident, member.ident.as_ref().unwrap());
        writeln!(text, "    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]").unwrap();
        writeln!(text, "    internal unsafe delegate {returned} {name}({});\n", arguments.join(", ")).unwrap();
    }
    text
}

/// What csbindgen leaves out: constants and delegates.
fn additions() -> (String, String) {
    let mut constants = format!("        internal const int NEOVM_MESSAGE_SIZE = {NEOVM_MESSAGE_SIZE};\n");
    let mut types = String::new();
    for name in SOURCES {
        for item in syn::parse_file(&fs::read_to_string(source(name)).unwrap()).unwrap().items {
            match item {
                syn::Item::Struct(item) => types += &delegates(&item),
                syn::Item::Const(item) => {
                    let syn::Expr::Unary(value) = &*item.expr else { continue };
                    let (syn::UnOp::Neg(_), syn::Expr::Lit(value)) = (&value.op, &*value.expr) else { continue };
                    let syn::Lit::Int(value) = &value.lit else { continue };
                    writeln!(constants, "        internal const int {} = -{value};", item.ident).unwrap();
                }
                _ => {}
            }
        }
    }
    (constants, types)
}

/// The declarations, made once: csbindgen writes them to a file, which the tests of this run share.
fn native() -> &'static str {
    static NATIVE: OnceLock<String> = OnceLock::new();
    NATIVE.get_or_init(make_native)
}

fn make_native() -> String {
    let (constants, types) = additions();
    let text = declarations();
    let (before, after) = text.split_once("        /// <summary>").unwrap();
    let text = format!("{before}{constants}\n        /// <summary>{after}");
    let text = text.replace("fixed byte text[]", &format!("fixed byte text[{NEOVM_MESSAGE_SIZE}]"));
    let end = text.trim_end().strip_suffix('}').unwrap().trim_end();
    let text = format!("{end}\n\n{}\n}}\n", types.trim_end());
    // No blanks at the ends of lines, and no lists of empty lines.
    let mut lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.dedup_by(|next, line| next.is_empty() && line.is_empty());
    lines.join("\n") + "\n"
}

/// The committed declarations are those of the sources.
#[test]
fn the_declarations_are_current() {
    let path = project("../bindings/csharp/src/Native.cs");
    let made = native();
    if env::var_os("BLESS").is_some() {
        fs::write(&path, made).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(made == committed, "BLESS=1 cargo test -p neovm-capi --test csharp");
}

/// Each function of the header is declared, and each call-back has a type.
#[test]
fn nothing_is_missing() {
    let made = native();
    let frozen = fs::read_to_string(project("abi/1.txt")).unwrap();
    for line in frozen.lines() {
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["function", name] => assert!(made.contains(&format!(" {name}(")), "{name}"),
            ["struct", name, ..] => assert!(made.contains(&format!("struct {name}\n")), "{name}"),
            _ => {}
        }
    }
    assert_eq!(made.matches("delegate").count(), 13);
    let abi = fs::read_to_string(source("abi")).unwrap();
    for line in abi.lines().filter_map(|line| line.strip_prefix("pub const ")) {
        let name = line.split(':').next().unwrap();
        assert!(made.contains(&format!(" {name} = ")), "{name}");
    }
}
