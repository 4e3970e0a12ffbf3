//! The environment of tools and adapters, so that neither the working directory nor the user's environment changes what is
//! installed or tested.
//!
//! *Adapters* only need to find their interpreter, so they get a short list of variables. *Tools* (venv, pip, npm, cargo) must
//! reach registries like everything else on the machine. They keep the environment without the variables that configure them or
//! the implementations. Of these they keep the ones about reaching a registry: mirrors, proxies, certificates, credentials and
//! the tools' own caches.

use std::{
    env,
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// What an adapter sees; names that end in `*` stand for all that begin so.
const OF_ADAPTERS: &[&str] = &[
    "APPDATA",
    "COMSPEC",
    "DYLD_*",
    "HOME",
    "LANG",
    "LANGUAGE",
    "LC_*",
    "LD_*",
    "LOCALAPPDATA",
    "LOCALE_ARCHIVE",
    "NUMBER_OF_PROCESSORS",
    "PATHEXT",
    "PROCESSOR_*",
    "PROGRAMDATA",
    "SYSTEMDRIVE",
    "SYSTEMROOT",
    "TEMP",
    "TMP",
    "TMPDIR",
    "TZ",
    "TZDIR",
    "USER",
    "USERPROFILE",
    "WINDIR",
];

/// Variables that tell tools, shells and implementations what to do.
const ORDERS: &[&str] = &[
    "BASH_ENV",
    "BASH_FUNC_*",
    "CARGO*",
    "DISTUTILS*",
    "FLASK_*",
    "NODE_*",
    "NPM_CONFIG_*",
    "OLDPWD",
    "PIP_*",
    "PWD",
    "PYTHON*",
    "QUART_*",
    "RUST*",
    "SETUPTOOLS*",
    "VIRTUAL_ENV",
    "WERKZEUG_*",
    "__PYVENV_LAUNCHER__",
];

/// Those among them that say where tools live, or how a registry is reached. For pip and npm see [`is_of_pip`] and [`is_of_npm`].
const ALLOWED: &[&str] = &[
    "CARGO_BUILD_JOBS",
    "CARGO_HOME",
    "CARGO_HTTP_*",
    "CARGO_NET_*",
    "CARGO_REGISTRIES_*",
    "CARGO_REGISTRY_*",
    "NODE_EXTRA_CA_CERTS",
    "NODE_USE_ENV_PROXY",
    "NODE_USE_SYSTEM_CA",
    "PIP_CONFIG_FILE",
    "RUSTUP_*",
];

/// The settings of pip that say how packages are reached.
const OF_PIP: &[&str] = &[
    "cache-dir",
    "cert",
    "client-cert",
    "default-timeout",
    "extra-index-url",
    "find-links",
    "index-url",
    "keyring-provider",
    "no-cache-dir",
    "no-index",
    "proxy",
    "retries",
    "timeout",
    "trusted-host",
];

/// The settings of npm that say how packages are reached, or where its own settings are.
const OF_NPM: &[&str] = &[
    "_auth",
    "_authtoken",
    "_password",
    "always-auth",
    "ca",
    "cache",
    "cafile",
    "cert",
    "fetch-retries",
    "fetch-timeout",
    "globalconfig",
    "http-proxy",
    "https-proxy",
    "key",
    "local-address",
    "maxsockets",
    "noproxy",
    "offline",
    "prefer-offline",
    "proxy",
    "registry",
    "replace-registry-host",
    "strict-ssl",
    "userconfig",
];

/// Whether a setting of pip, spelled as in its files, says how packages are reached.
pub(crate) fn is_of_pip(setting: &str) -> bool {
    OF_PIP.contains(&setting)
}

/// Whether a setting of npm, spelled as in its files, says how packages are reached.
pub(crate) fn is_of_npm(setting: &str) -> bool {
    let setting = setting.to_ascii_lowercase();
    OF_NPM.contains(&setting.as_str())
        || setting.starts_with("//")
        || setting.starts_with('@') && setting.ends_with(":registry")
}

/// The environment of an adapter.
pub(crate) fn of_adapters(folder: &Path) -> Vec<(OsString, OsString)> {
    let kept = env::vars_os().filter(|(name, _)| matches(&name.to_string_lossy(), OF_ADAPTERS));
    kept.chain([("PATH".into(), search_path(folder))]).collect()
}

/// A tool, to be run in a folder of ours and without standard input. A bare name is looked up in PATH.
pub(crate) fn tool(program: impl AsRef<OsStr>, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).stdin(Stdio::null());
    for (name, _) in env::vars_os().filter(|(name, _)| is_order(&name.to_string_lossy())) {
        command.env_remove(name);
    }
    command.env("PATH", search_path(folder));
    command
}

/// The same tool, with a folder for what it needs for a while: the disk that has room for the cache is the one that needs it.
pub(crate) fn tool_at_work(program: impl AsRef<OsStr>, folder: &Path) -> Command {
    let mut command = tool(program, folder);
    command.envs(["TMPDIR", "TMP", "TEMP"].map(|name| (name, folder)));
    command
}

/// A path on the command line, relative to the working directory. A bare name stays one.
pub(crate) fn absolute(named: &Path) -> PathBuf {
    let is_bare = named.components().count() < 2;
    if is_bare { named.to_owned() } else { std::path::absolute(named).unwrap_or_else(|_| named.to_owned()) }
}

/// PATH without the parts that depend on the working directory. An empty one would mean the working directory too.
fn search_path(folder: &Path) -> OsString {
    let path = env::var_os("PATH").unwrap_or_default();
    let parts: Vec<_> = env::split_paths(&path).filter(|part| part.is_absolute()).collect();
    let joined = env::join_paths(parts).unwrap_or_default();
    if joined.is_empty() { folder.into() } else { joined }
}

fn is_order(name: &str) -> bool {
    if !matches(name, ORDERS) || matches(name, ALLOWED) {
        return false;
    }
    let setting = |prefix: &str| {
        let prefixed = name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
        prefixed.then(|| name.get(prefix.len()..)).flatten().map(str::to_ascii_lowercase)
    };
    if let Some(setting) = setting("PIP_") {
        return !is_of_pip(&setting.replace('_', "-"));
    }
    if let Some(setting) = setting("NPM_CONFIG_") {
        return !is_of_npm(&setting) && !is_of_npm(&setting.replace('_', "-"));
    }
    true
}

fn matches(name: &str, patterns: &[&str]) -> bool {
    let name = name.to_ascii_uppercase();
    patterns.iter().any(|pattern| match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == *pattern,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_are_told_how_to_reach_a_registry_and_nothing_else() {
        for (name, goes) in [
            ("PYTHONPATH", true),
            ("PYTHONHOME", true),
            ("PYTHONUSERBASE", true),
            ("PIP_TARGET", true),
            ("PIP_USER", true),
            ("PIP_CONSTRAINT", true),
            ("PIP_REQUIRE_VIRTUALENV", true),
            ("PIP_INDEX_URL", false),
            ("PIP_CONFIG_FILE", false),
            ("NODE_OPTIONS", true),
            ("NODE_PATH", true),
            ("NODE_EXTRA_CA_CERTS", false),
            ("npm_config_prefix", true),
            ("npm_config_ignore_scripts", true),
            ("NPM_CONFIG_REGISTRY", false),
            ("npm_config_https_proxy", false),
            ("npm_config_//host/:_authToken", false),
            ("npm_config_@scope:registry", false),
            ("CARGO_TARGET_DIR", true),
            ("CARGO_ENCODED_RUSTFLAGS", true),
            ("CARGO_PROFILE_RELEASE_DEBUG", true),
            ("CARGO_HOME", false),
            ("CARGO_REGISTRIES_OURS_TOKEN", false),
            ("RUSTFLAGS", true),
            ("RUSTC_WRAPPER", true),
            ("RUSTC", true),
            ("RUSTUP_HOME", false),
            ("FLASK_DEBUG", true),
            ("https_proxy", false),
            ("SSL_CERT_FILE", false),
            ("HOME", false),
        ] {
            assert_eq!(is_order(name), goes, "{name}");
        }
    }

    #[test]
    fn adapters_see_a_few_variables_and_no_relative_path() {
        let seen = of_adapters(Path::new("/nowhere"));
        let (path, others): (Vec<_>, Vec<_>) = seen.iter().partition(|(name, _)| name == "PATH");
        assert_eq!(path.len(), 1);
        assert!(env::split_paths(&path[0].1).all(|part| part.is_absolute()));
        assert!(others.iter().all(|(name, _)| matches(&name.to_string_lossy(), OF_ADAPTERS)));
        assert!(others.iter().all(|(name, _)| !is_order(&name.to_string_lossy())));
    }

    #[test]
    fn a_path_on_the_command_line_is_told_from_here_and_a_name_from_path() {
        assert_eq!(absolute(Path::new("python3")), Path::new("python3"));
        assert_eq!(absolute(Path::new("./python3")), env::current_dir().unwrap().join("python3"));
    }
}
