//! Import loops: modules of a crate that depend on each other.
//!
//! An import goes from one module to another. In the innermost module that contains
//! both, it is an arrow between two children. When such arrows form a loop, none of
//! the children can be read, moved or tested alone. A module and its own children
//! count as one: a parent names its children, and they may use what it defines.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use syn::visit::{self, Visit};
use syn::{Attribute, ItemMod, ItemUse, UseTree};

use crate::workspace::Package;

/// The path of a module within its crate; empty for the root.
type ModulePath = Vec<String>;

/// The modules of a library, each with the paths that it uses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Library {
    /// The package.
    pub name: String,
    /// By module: the paths that it uses, from the root of the crate.
    pub modules: BTreeMap<ModulePath, BTreeSet<ModulePath>>,
}

/// Children of a module whose imports form a loop.
#[derive(Debug, PartialEq, Eq)]
pub struct Loop {
    library: String,
    parent: ModulePath,
    children: Vec<String>,
}

impl fmt::Display for Loop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parent: String = self.parent.iter().map(|name| format!("{name}::")).collect();
        write!(
            f,
            "{}: {parent}{{{}}} import each other: move what they share",
            self.library,
            self.children.join(", ")
        )
    }
}

/// Reads the libraries of the workspace, without their tests.
///
/// # Errors
/// When a source file cannot be read or parsed.
pub fn read(packages: &[Package]) -> anyhow::Result<Vec<Library>> {
    let with_library = packages
        .iter()
        .filter_map(|package| Some((package, package.library.as_ref()?.parent()?)));
    with_library
        .map(|(package, folder)| {
            let mut library = Library {
                name: package.name.clone(),
                ..Library::default()
            };
            let mut tests = BTreeSet::new();
            read_folder(folder, &Vec::new(), &mut library, &mut tests)?;
            let is_of_tests = |module: &ModulePath| tests.iter().any(|it| module.starts_with(it));
            library.modules.retain(|module, _| !is_of_tests(module));
            Ok(library)
        })
        .collect()
}

/// Adds the modules of a folder to `library`, and the test modules among them to
/// `tests`.
fn read_folder(
    folder: &Path,
    parent: &ModulePath,
    library: &mut Library,
    tests: &mut BTreeSet<ModulePath>,
) -> anyhow::Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("{}", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<_>>()?;
    paths.sort();
    for path in paths {
        let Some(name) = path.file_stem().and_then(|stem| stem.to_str()) else {
            continue;
        };
        let is_rust = path.extension().is_some_and(|extension| extension == "rs");
        let module = match name {
            "main" => continue,
            "lib" if parent.is_empty() => Vec::new(),
            name => [&parent[..], &[name.to_owned()]].concat(),
        };
        if path.is_dir() {
            read_folder(&path, &module, library, tests)?;
        } else if is_rust {
            let source = fs::read_to_string(&path)?;
            let file = syn::parse_file(&source)
                .with_context(|| format!("cannot parse {}", path.display()))?;
            let mut names = Names {
                module: &module,
                found: BTreeSet::new(),
                tests: BTreeSet::new(),
            };
            names.visit_file(&file);
            tests.extend(names.tests);
            library.modules.insert(module.clone(), names.found);
        }
    }
    Ok(())
}

/// Collects the paths of this crate that a module uses.
struct Names<'a> {
    module: &'a ModulePath,
    found: BTreeSet<ModulePath>,
    /// Its children that are for tests.
    tests: BTreeSet<ModulePath>,
}

impl Names<'_> {
    fn note(&mut self, segments: &[String]) {
        let (mut base, mut rest) = match segments.split_first() {
            Some((first, rest)) if first == "crate" => (Vec::new(), rest),
            Some((first, rest)) if first == "self" => (self.module.clone(), rest),
            Some((first, _)) if first == "super" => (self.module.clone(), segments),
            _ => return,
        };
        while let Some((first, tail)) = rest.split_first()
            && first == "super"
        {
            base.pop();
            rest = tail;
        }
        base.extend_from_slice(rest);
        self.found.insert(base);
    }

    fn note_tree(&mut self, prefix: &[String], tree: &UseTree) {
        match tree {
            UseTree::Path(path) => {
                let prefix = [prefix, &[path.ident.to_string()]].concat();
                self.note_tree(&prefix, &path.tree);
            }
            UseTree::Name(name) => self.note(&[prefix, &[name.ident.to_string()]].concat()),
            UseTree::Rename(name) => self.note(&[prefix, &[name.ident.to_string()]].concat()),
            UseTree::Glob(_) => self.note(prefix),
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.note_tree(prefix, tree);
                }
            }
        }
    }
}

impl<'ast> Visit<'ast> for Names<'_> {
    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        if item.attrs.iter().any(is_for_tests) {
            let child = [self.module, &[item.ident.to_string()][..]].concat();
            self.tests.insert(child);
        } else {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        self.note_tree(&[], &item.tree);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<String> = path
            .segments
            .iter()
            .map(|segment| segment.ident.to_string())
            .collect();
        self.note(&segments);
        visit::visit_path(self, path);
    }
}

/// Whether an attribute is `#[cfg(test)]`.
fn is_for_tests(attribute: &Attribute) -> bool {
    attribute.path().is_ident("cfg")
        && attribute
            .parse_args::<syn::Path>()
            .is_ok_and(|path| path.is_ident("test"))
}

/// The loops in all libraries.
#[must_use]
pub fn check(libraries: &[Library]) -> Vec<Loop> {
    libraries.iter().flat_map(loops_of).collect()
}

fn loops_of(library: &Library) -> Vec<Loop> {
    let mut arrows: BTreeMap<ModulePath, BTreeSet<(String, String)>> = BTreeMap::new();
    for (from, paths) in &library.modules {
        for path in paths {
            let to = module_of(library, path);
            let shared = from.iter().zip(to).take_while(|(a, b)| a == b).count();
            if let (Some(one), Some(other)) = (from.get(shared), to.get(shared)) {
                let parent = from[..shared].to_vec();
                let arrow = (one.clone(), other.clone());
                arrows.entry(parent).or_default().insert(arrow);
            }
        }
    }
    let found = arrows.into_iter().map(|(parent, arrows)| Loop {
        library: library.name.clone(),
        parent,
        children: looped(arrows),
    });
    found.filter(|found| !found.children.is_empty()).collect()
}

/// The module of a path: its longest prefix that is a module.
fn module_of<'a>(library: &Library, path: &'a ModulePath) -> &'a [String] {
    let lengths = (0..=path.len()).rev();
    let prefixes = lengths.map(|length| &path[..length]);
    prefixes
        .into_iter()
        .find(|prefix| library.modules.contains_key(*prefix))
        .unwrap_or(&[])
}

/// The nodes that remain after repeatedly removing those without an arrow in or out.
fn looped(mut arrows: BTreeSet<(String, String)>) -> Vec<String> {
    loop {
        let from: BTreeSet<String> = arrows.iter().map(|(from, _)| from.clone()).collect();
        let to: BTreeSet<String> = arrows.iter().map(|(_, to)| to.clone()).collect();
        let before = arrows.len();
        arrows.retain(|(a, b)| to.contains(a) && from.contains(b));
        if arrows.len() == before {
            return from.into_iter().collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> ModulePath {
        let names = text.split("::").filter(|name| !name.is_empty());
        names.map(str::to_owned).collect()
    }

    /// A library of modules, each with the paths that it uses.
    fn library(modules: &[(&str, &[&str])]) -> Library {
        let modules = modules.iter().map(|(module, paths)| {
            let paths = paths.iter().map(|text| path(text)).collect();
            (path(module), paths)
        });
        Library {
            name: "gateway".to_owned(),
            modules: modules.collect(),
        }
    }

    fn messages(library: Library) -> Vec<String> {
        let found = check(&[library]);
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn modules_that_import_each_other_are_a_loop() {
        let found = messages(library(&[
            ("", &[]),
            ("accept", &["connection::serve", "limits::MAX"]),
            ("connection", &["accept::Address"]),
            ("limits", &[]),
            ("run", &["accept::accept"]),
        ]));
        let expected = "gateway: {accept, connection} import each other: move what they share";
        assert_eq!(found, [expected]);
    }

    #[test]
    fn a_loop_of_children_is_seen_where_their_parents_meet() {
        let found = messages(library(&[
            ("", &[]),
            ("ai", &["track::Track"]),
            ("ai::line", &[]),
            ("track", &[]),
            ("track::build", &["ai::line::Line"]),
            ("track::spline", &[]),
        ]));
        let expected = "gateway: {ai, track} import each other: move what they share";
        assert_eq!(found, [expected]);
    }

    #[test]
    fn a_module_and_its_children_are_one() {
        let found = messages(library(&[
            ("", &["relay::Relays"]),
            ("relay", &["relay::task::Task"]),
            ("relay::core", &["relay::MemberId"]),
            (
                "relay::task",
                &["relay::Relays", "relay::core::Core", "Options"],
            ),
        ]));
        assert_eq!(found, [""; 0]);
    }

    #[test]
    fn all_paths_count_except_in_tests() {
        let source = "
            use crate::{a::A, b};
            use super::c::C as D;
            fn f(_: &super::super::e::E) { crate::g::g(); std::mem::drop(1) }
            #[cfg(test)]
            mod tests { use crate::h::H; }
            #[cfg(test)]
            mod golden;
        ";
        let module = path("x::y");
        let mut names = Names {
            module: &module,
            found: BTreeSet::new(),
            tests: BTreeSet::new(),
        };
        names.visit_file(&syn::parse_file(source).unwrap());
        let expected = ["a::A", "b", "e::E", "g::g", "x::c::C"].map(path);
        assert_eq!(names.found, expected.into_iter().collect());
        let tests = ["x::y::golden", "x::y::tests"].map(path);
        assert_eq!(names.tests, tests.into_iter().collect());
    }
}
