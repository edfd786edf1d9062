//! The library as programs in C and C++ see it: the header, the layouts, the symbols, the examples.

use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, OnceLock},
};

use neovm_capi::*;

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A folder for this run.
fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("capi");
        fs::create_dir_all(&folder).unwrap();
        folder
    })
}

/// The library as it is installed, made once from the archive that cargo built with this test.
fn installed() -> &'static Path {
    static PREFIX: OnceLock<PathBuf> = OnceLock::new();
    PREFIX.get_or_init(|| {
        let archive = env::current_exe().unwrap().with_file_name("libneovm_capi.a");
        let prefix = folder().join("prefix");
        run(Command::new(project("package.sh")).arg(&prefix).arg(archive));
        prefix
    })
}

/// Runs a command and returns its output, which must be a success.
fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{command:?}\n{out}{}", String::from_utf8_lossy(&output.stderr));
    out
}

/// Whether a program is there; says so if not.
fn has(program: &str, test: &str) -> bool {
    let found = Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success());
    if !found {
        println!("SKIPPED: {test}: there is no {program}");
    }
    found
}

const WARNINGS: [&str; 4] = ["-Wall", "-Wextra", "-Werror", "-pedantic"];

/// Compiles a program, unless another test of this run has; `is_static` says how it is linked.
fn compile(source: &Path, is_static: bool) -> PathBuf {
    static COMPILED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
    let name = source.file_stem().unwrap().to_str().unwrap();
    let program = folder().join(format!("{name}-{}", if is_static { "static" } else { "shared" }));
    let prefix = installed();
    // Until it is whole, no other test may run it.
    let mut compiled = COMPILED.lock().unwrap();
    if compiled.contains(&program) {
        return program;
    }
    let mut command = Command::new("cc");
    command.args(["-std=c11", "-g", "-Wno-overlength-strings"]).args(WARNINGS);
    command.arg("-I").arg(prefix.join("include")).arg(source).arg("-o").arg(&program);
    if is_static {
        command.arg(prefix.join("lib/libneovm.a")).args(["-lgcc_s", "-lpthread", "-lm", "-ldl"]);
    } else {
        command.arg("-L").arg(prefix.join("lib")).arg("-lneovm");
        command.arg(format!("-Wl,-rpath,{}", prefix.join("lib").display()));
    }
    run(&mut command);
    compiled.insert(program.clone());
    program
}

/// The functions that the header declares.
fn declared() -> BTreeSet<String> {
    let header = fs::read_to_string(project("include/neovm.h")).unwrap();
    let code = header.lines().filter(|line| !line.trim_start().starts_with("//"));
    let names = code.filter(|line| !line.starts_with(' ')).filter_map(|line| {
        let name = line.split_once('(')?.0.rsplit([' ', '*']).next()?;
        name.starts_with("neovm_").then(|| name.to_owned())
    });
    names.collect()
}

/// The symbols of a library that are seen from outside.
fn symbols(arguments: &[&str], library: &Path) -> BTreeSet<String> {
    let listed = run(Command::new("nm").args(arguments).arg(library));
    let defined = listed.lines().filter_map(|line| {
        let mut words = line.split_whitespace().rev();
        let (name, kind) = (words.next()?, words.next()?);
        // The name of the version is no symbol that anything could use.
        (kind != "A" && !line.ends_with(':')).then(|| name.split('@').next().unwrap().to_owned())
    });
    defined.collect()
}

#[test]
fn only_the_functions_of_the_header_are_seen() {
    let declared = declared();
    assert!(declared.len() > 40, "{declared:?}");
    let prefix = installed();
    assert_eq!(symbols(&["-D", "--defined-only"], &prefix.join("lib/libneovm.so.1")), declared);
    assert_eq!(symbols(&["-g", "--defined-only"], &prefix.join("lib/libneovm.a")), declared);
    // What cargo makes, too, which a developer may load without installing it.
    let cdylib = env::current_exe().unwrap().with_file_name("libneovm_capi.so");
    assert_eq!(symbols(&["-D", "--defined-only"], &cdylib), declared);
}

/// The committed header is what cbindgen makes of the sources.
#[test]
fn the_header_is_current() {
    let cbindgen = env::var("CBINDGEN").unwrap_or_else(|_| "cbindgen".into());
    if !has(&cbindgen, "the_header_is_current") {
        return;
    }
    let made = folder().join("neovm.h");
    run(Command::new(cbindgen)
        .args(["--quiet", "--config"])
        .arg(project("cbindgen.toml"))
        .args(["--crate", "neovm-capi", "--output"])
        .arg(&made)
        .arg(project("")));
    let (made, committed) =
        (fs::read_to_string(made).unwrap(), fs::read_to_string(project("include/neovm.h")).unwrap());
    assert_eq!(made, committed, "the command is in cbindgen.toml");
}

macro_rules! layouts {
    ($($name:ident { $($member:ident)* })*) => {{
        let mut lines = Vec::new();
        $(
            // Does not compile if a member is missing.
            let _ = |it: $name| { let $name { $($member: _),* } = it; };
            lines.push(format!("struct {} {} {}", stringify!($name), size_of::<$name>(), align_of::<$name>()));
            $(lines.push(format!(
                "member {} {} {} {}", stringify!($name), stringify!($member), std::mem::offset_of!($name, $member),
                size_of_member(|it: &$name| &it.$member),
            ));)*
        )*
        lines
    }};
}

fn size_of_member<S, M>(_: fn(&S) -> &M) -> usize {
    size_of::<M>()
}

fn layouts() -> Vec<String> {
    layouts! {
        neovm_bytes { data length }
        neovm_message { size length text }
        neovm_engine_options { size network cache_bytes machine_code_bytes compile reserved }
        neovm_block { size timestamp nonce index primary previous_hash merkle_root next_consensus reserved }
        neovm_job {
            size json gas trigger container transaction block block_fields script call_flags wanted witness_account
            invocation verification call_contract call_method call_arguments budget interrupt
        }
        neovm_storage {
            size context get seek next close prefetch current_block block_hash block transaction conflict
        }
        neovm_node { item_type count integer bytes children }
        neovm_notification { contract state event }
        neovm_log { script_hash reserved message }
        neovm_change { key value deleted reserved }
        neovm_call { script_hash depth }
        neovm_receipt_data {
            size outcome callback_error gas_pico_low gas_pico_high gas_datoshi instructions fault fault_position
            fault_depth fault_opcode fault_script fault_at_end nodes node_count stack stack_count notifications
            notification_count logs log_count changes change_count calls call_count file
        }
        neovm_value { kind reserved integer bytes item }
        neovm_host { size context system_call call_token unloaded }
        neovm_machine_options { size gas fee_factor budget interrupt hardfork }
        neovm_load_options { size position return_count checks_return_count is_free reserved }
        neovm_machine_data {
            size outcome callback_error gas_pico_low gas_pico_high instructions references depth stack_size
            result_count position opcode reserved load fault
        }
    }
}

/// What the release of this version of the ABI promised is still there. Lines may be added, never changed.
#[test]
fn what_is_frozen_has_not_changed() {
    let path = project("abi/1.txt");
    let mut current: Vec<String> = declared().iter().map(|name| format!("function {name}")).collect();
    current.extend(layouts());
    let text = format!("{}\n", current.join("\n"));
    if env::var_os("NEOVM_FREEZE").is_some() {
        fs::write(&path, &text).unwrap();
    }
    let frozen = fs::read_to_string(&path).unwrap_or_default();
    let known: BTreeSet<&str> = current.iter().map(String::as_str).collect();
    // A struct that begins with its size may grow.
    let has_size: BTreeSet<&str> =
        frozen.lines().filter_map(|line| line.strip_prefix("member ")?.strip_suffix(" size 0 8")).collect();
    let missing: Vec<&str> = frozen
        .lines()
        .filter(|line| !known.contains(line))
        .filter(|line| {
            !line
                .strip_prefix("struct ")
                .and_then(|it| it.split(' ').next())
                .is_some_and(|name| has_size.contains(name))
        })
        .collect();
    assert!(missing.is_empty(), "changed or gone: {missing:#?}");
    assert!(frozen == text, "something is new: add it by NEOVM_FREEZE=1 cargo test -p neovm-capi --test c");
}

/// Compilers of C and C++ see the layouts that the library has.
#[test]
fn compilers_see_the_same_layouts() {
    if !has("cc", "compilers_see_the_same_layouts") {
        return;
    }
    let check = |line: &String| {
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["struct", name, size, align] => {
                format!("CHECK(sizeof(struct {name}) == {size} && ALIGN(struct {name}) == {align}, \"{line}\");")
            }
            ["member", name, member, offset, size] => format!(
                "CHECK(offsetof(struct {name}, {member}) == {offset} && sizeof(((struct {name} *)0)->{member}) == {size}, \"{line}\");"
            ),
            _ => panic!("{line}"),
        }
    };
    let checks: Vec<String> = layouts().iter().map(check).collect();
    let source = format!(
        "#include \"neovm.h\"\n#ifdef __cplusplus\n#define CHECK static_assert\n#define ALIGN alignof\n#else\n\
         #define CHECK _Static_assert\n#define ALIGN _Alignof\n#endif\n{}\n",
        checks.join("\n")
    );
    for (compiler, standard, extension) in
        [("cc", "c11", "c"), ("cc", "c17", "c"), ("c++", "c++11", "cc"), ("c++", "c++17", "cc")]
    {
        if !has(compiler, "compilers_see_the_same_layouts") {
            continue;
        }
        let path = folder().join(format!("layouts-{standard}.{extension}"));
        fs::write(&path, &source).unwrap();
        let object = path.with_extension("o");
        let mut command = Command::new(compiler);
        command.arg(format!("-std={standard}")).args(WARNINGS).arg("-c");
        run(command.arg("-I").arg(project("include")).arg(&path).arg("-o").arg(object));
    }
}

/// The store of a private network behind its genesis block, a line an entry.
fn genesis_file(name: &str) -> PathBuf {
    use neovm::host::Chain;
    let chain = Chain::new(neovm::ProtocolSettings::private()).unwrap();
    let line = |(key, value): (&neovm::storage::Key, &neovm::storage::Value)| {
        format!("{} {}\n", hex::encode(&**key), if value.is_empty() { "-".into() } else { hex::encode(value) })
    };
    let path = folder().join(name);
    fs::write(&path, chain.store().iter().map(line).collect::<String>()).unwrap();
    path
}

/// NeoToken, in the order of bytes that scripts see.
const NEO: &str = "f563ea40bc283d4d0e05c48ea305b3f2a07340ef";

#[test]
fn the_examples_run() {
    if !has("cc", "the_examples_run") {
        return;
    }
    for is_static in [false, true] {
        let machine = compile(&project("examples/machine.c"), is_static);
        assert_eq!(run(&mut Command::new(machine)), "result 1700000000, gas 5100000 picoGAS\n");
        let executor = compile(&project("examples/executor.c"), is_static);
        let file = genesis_file(&format!("store-{is_static}.txt"));
        let before = fs::read_to_string(&file).unwrap();
        let call = |method: &str| run(Command::new(&executor).arg(&file).arg(NEO).arg(method));
        assert_eq!(call("symbol"), "\"NEO\"\ngas 984060 datoshi, 0 notifications, 0 changes\n");
        assert!(call("getCommittee").starts_with("[\"\u{3}k"), "{}", call("getCommittee"));
        assert_eq!(fs::read_to_string(&file).unwrap(), before);
        assert!(call("nothing").starts_with("fault: "));
    }
}

/// A program with symbols that the library has inside, too.
#[test]
fn it_links_beside_other_libraries() {
    if !has("cc", "it_links_beside_other_libraries") {
        return;
    }
    for is_static in [false, true] {
        let program = compile(&project("tests/c/beside.c"), is_static);
        assert_eq!(run(&mut Command::new(program)), format!("neovm {}\n", env!("CARGO_PKG_VERSION")));
    }
}

/// The examples touch no memory that they should not, and leave none.
#[test]
fn valgrind_finds_nothing() {
    if !has("cc", "valgrind_finds_nothing") || !has("valgrind", "valgrind_finds_nothing") {
        return;
    }
    let file = genesis_file("store-valgrind.txt");
    let mut commands: Vec<Command> = (0..3).map(|_| Command::new("valgrind")).collect();
    let options = [
        "-q",
        "--smc-check=all-non-file",
        "--error-exitcode=99",
        "--leak-check=full",
        "--errors-for-leak-kinds=definite",
    ];
    commands[0].args(options).arg(compile(&project("examples/machine.c"), false));
    commands[1].args(options).arg(compile(&project("examples/executor.c"), false)).arg(&file).arg(NEO).arg("symbol");
    commands[2].args(options).arg(compile(&project("tests/c/cycles.c"), false)).arg(&file).arg("1");
    for mut command in commands {
        run(&mut command);
    }
}

/// Items that hold themselves are freed, whoever made them and wherever they were.
#[test]
fn cycles_are_freed() {
    if !has("cc", "cycles_are_freed") {
        return;
    }
    let program = compile(&project("tests/c/cycles.c"), false);
    let out = run(Command::new(program).arg(genesis_file("store-cycles.txt")).arg("1000"));
    assert!(out.ends_with(" bytes more in 1000 rounds\n"), "{out}");
}

/// What measures the costs in docs/embedding.md works; how long it takes says nothing here.
#[test]
fn costs_are_measured() {
    if !has("cc", "costs_are_measured") {
        return;
    }
    let program = compile(&project("tests/c/costs.c"), false);
    let out = run(Command::new(program).arg(genesis_file("store-costs.txt")).arg(NEO).arg("symbol").arg("1000"));
    assert_eq!(out.lines().filter(|line| line.ends_with(" ns")).count(), 5, "{out}");
}

/// The pkg-config file leads to the library.
#[test]
fn pkg_config_knows_it() {
    if !has("pkg-config", "pkg_config_knows_it") {
        return;
    }
    let path = installed().join("lib/pkgconfig");
    let flags = run(Command::new("pkg-config").args(["--cflags", "--libs", "neovm"]).env("PKG_CONFIG_PATH", path));
    assert!(flags.contains("-lneovm") && flags.contains("/include"), "{flags}");
}
