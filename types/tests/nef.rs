//! NEF files.

use neovm_types::{CallFlags, Hash160, MethodToken, NefError, NefFile, Script, io::ReadProblem, nef::NefProblem};

fn token(method: &str) -> MethodToken {
    MethodToken {
        hash: Hash160([0xaa; 20]),
        method: method.into(),
        parameters_count: 0x0102,
        has_return_value: true,
        call_flags: CallFlags::READ_ONLY,
    }
}

fn file() -> NefFile {
    NefFile {
        compiler: "c 1".into(),
        source: "src".into(),
        tokens: vec![token("m")],
        script: Script::from([0x11, 0x40].as_slice()),
    }
}

/// The same file, byte by byte, without its checksum.
fn content() -> Vec<u8> {
    let mut bytes = b"NEF3c 1".to_vec();
    bytes.resize(68, 0);
    bytes.extend(b"\x03src\x00\x01");
    bytes.extend([0xaa; 20]);
    bytes.extend(b"\x01m\x02\x01\x01\x05\x00\x00\x02\x11\x40");
    bytes
}

const CHECKSUM: u32 = 0x22b98d72;

/// A file with that content and any checksum.
fn with_checksum(mut content: Vec<u8>, checksum: u32) -> Vec<u8> {
    content.extend(checksum.to_le_bytes());
    content
}

fn not_utf8(field: &'static str) -> NefProblem {
    NefProblem::Read(ReadProblem::NotUtf8(field))
}

fn parse(bytes: &[u8]) -> Result<NefFile, (usize, NefProblem)> {
    NefFile::parse(bytes).map_err(|NefError { offset, problem }| (offset, problem))
}

/// What parsing says of the content with a byte changed.
fn problem(place: usize, byte: u8) -> (usize, NefProblem) {
    let mut bytes = content();
    bytes[place] = byte;
    parse(&with_checksum(bytes, CHECKSUM)).unwrap_err()
}

#[test]
fn a_file_has_its_fields_in_order() {
    let bytes = with_checksum(content(), CHECKSUM);
    assert_eq!(file().to_bytes().unwrap(), bytes);
    assert_eq!(parse(&bytes), Ok(file()));
    assert_eq!(file().checksum(), CHECKSUM);
}

#[test]
fn each_field_is_checked() {
    let truncated = |field, wanted, left| NefProblem::Read(ReadProblem::Truncated { field, wanted, left });
    let too_large = |field, size, limit| NefProblem::Read(ReadProblem::TooLarge { field, size, limit });
    let not_boolean = |value: u8| {
        let what = format!("is {value}, neither 0 nor 1");
        NefProblem::Read(ReadProblem::Invalid { field: "token's return flag", what })
    };
    assert_eq!(problem(0, b'M'), (0, NefProblem::Magic(*b"MEF3")));
    assert_eq!(problem(30, 5), (30, NefProblem::Padding(5)));
    assert_eq!(problem(5, 0xff), (5, not_utf8("compiler")));
    assert_eq!(problem(69, 0xff), (69, not_utf8("source")));
    assert_eq!(problem(68, 200), (69, truncated("source", 200, 40)));
    assert_eq!(problem(72, 1), (72, NefProblem::Reserved(1)));
    assert_eq!(problem(73, 129), (73, too_large("list of tokens", 129, 128)));
    assert_eq!(problem(94, 33), (94, too_large("token's method", 33, 32)));
    assert_eq!(problem(95, b'_'), (94, NefProblem::PrivateMethod("_".into())));
    assert_eq!(problem(95, 0x80), (95, not_utf8("token's method")));
    assert_eq!(problem(98, 2), (98, not_boolean(2)));
    assert_eq!(problem(99, 0x10), (99, NefProblem::Flags(0x10)));
    assert_eq!(problem(101, 2), (100, NefProblem::Reserved(0x200)));
    assert_eq!(problem(102, 0), (102, NefProblem::EmptyScript));
    assert_eq!(problem(102, 200), (103, truncated("script", 200, 6)));
    let (offset, checksum) = problem(103, 0x12);
    assert!(offset == 105 && matches!(checksum, NefProblem::Checksum { found: CHECKSUM, .. }));
    let whole = with_checksum(content(), CHECKSUM);
    for length in 0..whole.len() {
        let (offset, problem) = parse(&whole[..length]).unwrap_err();
        assert!(
            offset <= length && matches!(problem, NefProblem::Read(ReadProblem::Truncated { .. })),
            "{length}: {problem}"
        );
    }
}

#[test]
fn errors_say_what_and_where() {
    let message = |bytes: &[u8]| NefFile::parse(bytes).unwrap_err().to_string();
    assert_eq!(message(b"NEF"), "NEF file, byte 0: the magic needs 4 bytes, 3 are left");
    assert_eq!(message(b"NEF2"), "NEF file, byte 0: the magic is [4e, 45, 46, 32], not \"NEF3\"");
    let expected = "NEF file, byte 105: the checksum is 0x00000001, that of the file's content is";
    assert_eq!(message(&with_checksum(content(), 1)), format!("{expected} {CHECKSUM:#010x}"));
}

/// Lengths may take more bytes than they need; the checksum is that of the
/// shortest form. What follows the checksum is ignored.
#[test]
fn what_the_reference_lets_pass_passes() {
    let long_forms: [&[u8]; 3] = [&[0xfd, 3, 0], &[0xfe, 3, 0, 0, 0], &[0xff, 3, 0, 0, 0, 0, 0, 0, 0]];
    for form in long_forms {
        let mut bytes = content();
        bytes.splice(68..69, form.iter().copied());
        assert_eq!(parse(&with_checksum(bytes, CHECKSUM)), Ok(file()));
    }
    let mut bytes = content();
    bytes.splice(68..69, [0xff, 0, 0, 0, 0, 0, 0, 0, 0x80]);
    let problem = NefProblem::Read(ReadProblem::TooLarge { field: "source", size: 1 << 63, limit: 256 });
    assert_eq!(parse(&with_checksum(bytes, CHECKSUM)), Err((68, problem)));
    assert_eq!(parse(&[&with_checksum(content(), CHECKSUM)[..], b"more"].concat()), Ok(file()));
}

#[test]
fn what_breaks_the_limits_is_not_written() {
    let refused = |change: fn(&mut NefFile)| {
        let mut file = file();
        change(&mut file);
        file.to_bytes().map_err(|error| (error.offset, error.problem))
    };
    let too_large = |field, size, limit| NefProblem::Read(ReadProblem::TooLarge { field, size, limit });
    assert!(refused(|file| file.compiler = "c".repeat(64)).is_ok());
    assert!(refused(|file| file.source = "s".repeat(256)).is_ok());
    assert!(refused(|file| file.tokens = vec![token("m"); 128]).is_ok());
    assert!(refused(|file| file.tokens[0].method = "m".repeat(32)).is_ok());
    assert_eq!(refused(|file| file.compiler = "c".repeat(65)), Err((4, too_large("compiler", 65, 64))));
    assert_eq!(refused(|file| file.source = "s".repeat(257)), Err((68, too_large("source", 257, 256))));
    assert_eq!(refused(|file| file.tokens = vec![token("m"); 129]), Err((73, too_large("list of tokens", 129, 128))));
    assert_eq!(refused(|file| file.tokens[0].method = "_m".into()), Err((94, NefProblem::PrivateMethod("_m".into()))));
    assert_eq!(refused(|file| file.script = Script::from(vec![])), Err((102, NefProblem::EmptyScript)));
    // The whole file, not only the script, is at most an item.
    let whole = |length: usize| {
        let mut file = file();
        file.script = Script::from(vec![0x21; length]);
        file.to_bytes().map(|bytes| bytes.len()).map_err(|error| error.problem)
    };
    let most = 131_070 - (content().len() + 4 - 3) - 5;
    assert_eq!(whole(most), Ok(131_070));
    assert_eq!(whole(most + 1), Err(too_large("file", 131_071, 131_070)));
    assert_eq!(whole(131_071), Err(too_large("script", 131_071, 131_070)));
}

#[test]
fn the_examples_come_back_byte_by_byte() {
    for (name, length) in [("arith", 393), ("colls", 1169)] {
        let path = format!("{}/../examples/{name}.nef", env!("CARGO_MANIFEST_DIR"));
        let bytes = std::fs::read(path).unwrap();
        let file = NefFile::parse(&bytes).unwrap();
        assert_eq!(file.compiler, "neo3-boa by COZ-1.3.0");
        assert_eq!((file.source.as_str(), file.tokens.len(), file.script.len()), ("", 0, length));
        assert_eq!(file.script.validate(), Ok(()));
        assert_eq!(file.to_bytes().unwrap(), bytes);
    }
}
