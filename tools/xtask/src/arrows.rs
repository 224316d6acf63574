//! The dependencies between packages that `docs/design.md` (Workspace) allows.

use std::fmt;

use crate::workspace::{Dependency, Package, Purpose};

/// The packages of the workspace that a package may depend on.
enum Allowed {
    /// Only these.
    Only(&'static [&'static str]),
    /// Everything but programs, and these: for the tests of the whole.
    AllButProgramsAnd(&'static [&'static str]),
}

/// One row for each package. No row but those of what tests them contains a program:
/// programs do not depend on each other.
const ARROWS: &[(&str, Allowed)] = &[
    ("domain", Allowed::Only(&[])),
    ("protocol", Allowed::Only(&["domain"])),
    ("simulation", Allowed::Only(&["domain"])),
    (
        "netcode",
        Allowed::Only(&["domain", "protocol", "simulation"]),
    ),
    ("bus", Allowed::Only(&["protocol"])),
    ("service", Allowed::Only(&["domain"])),
    ("plot", Allowed::Only(&[])),
    ("receive-timestamp", Allowed::Only(&[])),
    (
        "client-core",
        Allowed::Only(&["domain", "protocol", "netcode"]),
    ),
    (
        "bots",
        Allowed::Only(&["domain", "client-core", "simulation", "receive-timestamp"]),
    ),
    (
        "room",
        Allowed::Only(&["domain", "protocol", "simulation", "netcode"]),
    ),
    ("relay", Allowed::Only(&["domain", "protocol"])),
    // Only tests use it. It runs the cores of both ends of a room against each
    // other.
    (
        "failover-sim",
        Allowed::Only(&[
            "domain",
            "protocol",
            "simulation",
            "netcode",
            "room",
            "relay",
        ]),
    ),
    // It fuzzes what reads bytes of others: the cores, and a gateway's conversation.
    (
        "fuzz",
        Allowed::Only(&[
            "domain",
            "protocol",
            "simulation",
            "netcode",
            "room",
            "relay",
            "client-core",
            "gateway",
        ]),
    ),
    // It starts programs as an operator does, and links none of them.
    ("fleet", Allowed::Only(&[])),
    ("chaos", Allowed::Only(&["fleet"])),
    // Attackers write the bytes of frames themselves: no client does what they do. Those
    // that have no account have a session that a gateway would sign.
    (
        "flood",
        Allowed::Only(&["fleet", "protocol", "bus", "client-core", "gateway"]),
    ),
    (
        "bench",
        Allowed::Only(&[
            "fleet",
            "domain",
            "protocol",
            "bus",
            "client-core",
            "plot",
            "receive-timestamp",
        ]),
    ),
    // Positions in snapshots are measured from a track's course.
    (
        "racectl",
        Allowed::Only(&["domain", "protocol", "bus", "simulation", "netcode"]),
    ),
    (
        "gateway",
        Allowed::Only(&["domain", "protocol", "relay", "bus", "service"]),
    ),
    (
        "chat-worker",
        Allowed::Only(&["protocol", "bus", "service"]),
    ),
    (
        "persistence",
        Allowed::Only(&["domain", "protocol", "bus", "service"]),
    ),
    (
        "race-worker",
        Allowed::Only(&["domain", "protocol", "bus", "service", "simulation", "room"]),
    ),
    // It measures itself on a race that it simulates, whose snapshots netcode writes. Its
    // tests plug a controller in.
    (
        "client-sdl",
        Allowed::Only(&[
            "domain",
            "client-core",
            "netcode",
            "gl-renderer",
            "virtual-controller",
        ]),
    ),
    ("client-chat-gtk", Allowed::Only(&["client-core"])),
    // The store's test suite is part of the store, and runs on real servers from there.
    (
        "integration-tests",
        Allowed::AllButProgramsAnd(&["persistence"]),
    ),
    // Unsafe code and the graphics library, nothing of ours.
    ("gl-renderer", Allowed::Only(&[])),
    ("virtual-controller", Allowed::Only(&[])),
    ("xtask", Allowed::Only(&[])),
];

/// Pure crates, which the tests of any crate may use to make their input.
const ALLOWED_IN_TESTS: &[&str] = &[
    "domain",
    "protocol",
    "simulation",
    "netcode",
    "room",
    "relay",
];

/// Libraries with a single user, where they can be replaced.
const SINGLE_USER: &[(&str, &str)] = &[
    ("async-nats", "bus"),
    ("sea-orm", "persistence"),
    ("sea-orm-migration", "persistence"),
];

/// The integration tests access NATS and the databases directly.
const EXEMPT_FROM_SINGLE_USER: &str = "integration-tests";

/// A violation of a rule.
#[derive(Debug, PartialEq, Eq)]
pub enum Violation {
    /// A package has no row in the table.
    UnknownPackage {
        /// The package.
        package: String,
    },
    /// A dependency within the workspace that the table does not allow.
    ForbiddenArrow {
        /// The package that depends.
        from: String,
        /// The dependency.
        to: String,
    },
    /// A library that is used by a package other than its single user.
    SecondUser {
        /// The package that depends.
        package: String,
        /// The library.
        library: &'static str,
        /// The package that may use it.
        user: &'static str,
    },
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownPackage { package } => write!(
                f,
                "{package} has no row in tools/xtask/src/arrows.rs: add what it may depend on"
            ),
            Self::ForbiddenArrow { from, to } => {
                write!(
                    f,
                    "{from} must not depend on {to}; {}",
                    allowed_sentence(from)
                )
            }
            Self::SecondUser {
                package,
                library,
                user,
            } => {
                write!(
                    f,
                    "{package} must not depend on {library}: only {user} does"
                )
            }
        }
    }
}

/// All violations, in the order of the packages.
#[must_use]
pub fn check(packages: &[Package]) -> Vec<Violation> {
    packages
        .iter()
        .flat_map(|package| check_package(package, packages))
        .collect()
}

fn check_package(package: &Package, packages: &[Package]) -> Vec<Violation> {
    let Some(allowed) = row(&package.name) else {
        return vec![Violation::UnknownPackage {
            package: package.name.clone(),
        }];
    };
    package
        .dependencies
        .iter()
        .filter_map(|dependency| {
            match packages
                .iter()
                .find(|candidate| candidate.name == dependency.name)
            {
                Some(target) => forbidden_arrow(package, allowed, dependency, target),
                None => second_user(package, dependency),
            }
        })
        .collect()
}

fn row(package: &str) -> Option<&'static Allowed> {
    ARROWS
        .iter()
        .find(|(name, _)| *name == package)
        .map(|(_, allowed)| allowed)
}

fn forbidden_arrow(
    package: &Package,
    allowed: &Allowed,
    dependency: &Dependency,
    target: &Package,
) -> Option<Violation> {
    let is_allowed = match allowed {
        Allowed::Only(names) => names.contains(&target.name.as_str()),
        Allowed::AllButProgramsAnd(names) => {
            !target.is_program || names.contains(&target.name.as_str())
        }
    };
    let is_for_tests =
        dependency.purpose == Purpose::Test && ALLOWED_IN_TESTS.contains(&target.name.as_str());
    (!is_allowed && !is_for_tests).then(|| Violation::ForbiddenArrow {
        from: package.name.clone(),
        to: target.name.clone(),
    })
}

fn second_user(package: &Package, dependency: &Dependency) -> Option<Violation> {
    let (library, user) = *SINGLE_USER
        .iter()
        .find(|(library, _)| *library == dependency.name)?;
    (package.name != user && package.name != EXEMPT_FROM_SINGLE_USER).then(|| {
        Violation::SecondUser {
            package: package.name.clone(),
            library,
            user,
        }
    })
}

fn allowed_sentence(package: &str) -> String {
    match row(package) {
        Some(Allowed::Only([])) => "it depends on no other crate of ours".to_owned(),
        Some(Allowed::Only(names)) => format!("it may depend on {}", names.join(", ")),
        Some(Allowed::AllButProgramsAnd(names)) => {
            format!(
                "it may depend on what is under crates/ and tools/, and on {}",
                names.join(", ")
            )
        }
        None => "it has no row of its own".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A package by name with its dependencies; `dev:` marks a dev-dependency.
    fn package(name: &str, dependencies: &[&str]) -> Package {
        const PROGRAMS: &[&str] = &[
            "gateway",
            "race-worker",
            "chat-worker",
            "persistence",
            "client-sdl",
            "client-chat-gtk",
            "integration-tests",
        ];
        let dependency = |text: &&str| match text.strip_prefix("dev:") {
            Some(name) => Dependency {
                name: name.to_owned(),
                purpose: Purpose::Test,
            },
            None => Dependency {
                name: (*text).to_owned(),
                purpose: Purpose::Product,
            },
        };
        Package {
            name: name.to_owned(),
            is_program: PROGRAMS.contains(&name),
            dependencies: dependencies.iter().map(dependency).collect(),
            library: None,
            binaries: Vec::new(),
        }
    }

    /// Checks one package beside an otherwise correct, empty workspace.
    fn check_one(name: &str, dependencies: &[&str]) -> Vec<String> {
        let packages: Vec<Package> = ARROWS
            .iter()
            .map(|(row, _)| package(row, if *row == name { dependencies } else { &[] }))
            .collect();
        check(&packages).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn accepts_every_arrow_of_the_design() {
        for (name, allowed) in ARROWS {
            let dependencies = match allowed {
                Allowed::Only(names) => *names,
                Allowed::AllButProgramsAnd(_) => &["bus", "bots", "simulation", "persistence"],
            };
            assert_eq!(
                check_one(name, dependencies),
                Vec::<String>::new(),
                "{name}"
            );
        }
    }

    #[test]
    fn refuses_arrows_that_the_design_does_not_have() {
        let cases: &[(&str, &str, &str)] = &[
            ("protocol", "simulation", "it may depend on domain"),
            ("domain", "protocol", "it depends on no other crate of ours"),
            ("simulation", "netcode", "it may depend on domain"),
            (
                "racectl",
                "client-core",
                "it may depend on domain, protocol, bus, simulation, netcode",
            ),
            (
                "gateway",
                "simulation",
                "it may depend on domain, protocol, relay, bus, service",
            ),
            (
                "client-sdl",
                "protocol",
                "it may depend on domain, client-core, netcode, gl-renderer, virtual-controller",
            ),
            (
                "bots",
                "protocol",
                "it may depend on domain, client-core, simulation, receive-timestamp",
            ),
        ];
        for (from, to, reason) in cases {
            assert_eq!(
                check_one(from, &[to]),
                [format!("{from} must not depend on {to}; {reason}")]
            );
        }
    }

    #[test]
    fn refuses_a_program_that_depends_on_another_one() {
        for from in ["gateway", "race-worker", "bots", "integration-tests"] {
            assert_eq!(check_one(from, &["chat-worker"]).len(), 1, "{from}");
        }
    }

    #[test]
    fn lets_tests_use_the_pure_crates_and_no_others() {
        assert_eq!(
            check_one("bus", &["dev:simulation", "dev:netcode"]),
            Vec::<String>::new()
        );
        assert_eq!(
            check_one("bus", &["dev:service"]),
            ["bus must not depend on service; it may depend on protocol"]
        );
    }

    #[test]
    fn keeps_nats_and_the_database_with_their_one_user() {
        assert_eq!(
            check_one("bus", &["async-nats", "tokio"]),
            Vec::<String>::new()
        );
        assert_eq!(
            check_one("integration-tests", &["async-nats", "sea-orm"]),
            Vec::<String>::new()
        );
        assert_eq!(
            check_one("gateway", &["async-nats"]),
            ["gateway must not depend on async-nats: only bus does"]
        );
        assert_eq!(
            check_one("bus", &["dev:sea-orm"]),
            ["bus must not depend on sea-orm: only persistence does"]
        );
    }

    #[test]
    fn refuses_a_package_without_a_row() {
        let packages = [package("newcomer", &[])];
        assert_eq!(
            check(&packages),
            [Violation::UnknownPackage {
                package: "newcomer".to_owned()
            }]
        );
    }
}
