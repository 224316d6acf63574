//! The table of docs/security.md names tests that exist.

use std::path::Path;

#[test]
fn every_row_of_the_security_table_has_its_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = std::fs::read_to_string(root.join("docs/security.md")).unwrap();
    let mut rows = 0;
    for line in page.lines().filter(|line| line.starts_with("| ")) {
        let test = line.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        let Some(test) = test.strip_prefix('`').and_then(|it| it.strip_suffix('`')) else {
            assert!(matches!(test, "test" | "---"), "no test: {line}");
            continue;
        };
        rows += 1;
        let Some((path, name)) = test.split_once("::") else {
            assert!(root.join(test).exists(), "{test} does not exist");
            continue;
        };
        let source = std::fs::read_to_string(root.join(path));
        let source = source.unwrap_or_else(|error| panic!("{path}: {error}"));
        assert!(
            source.contains(&format!("fn {name}(")),
            "{path} has no test {name}"
        );
    }
    assert!(rows > 40, "{rows} rows");
}
