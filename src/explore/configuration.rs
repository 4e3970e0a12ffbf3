//! The worlds that are searched: who is there, and what may happen.
//!
//! All of them have a lifetime of two seconds. Clocks are read in whole seconds and ages are compared with the lifetime, so two
//! seconds contain every instant that matters: the second of issue, one second before the boundary, the boundary, and the time
//! after it. A longer lifetime would only repeat the seconds before the boundary.

/// One world and what may happen in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Configuration {
    /// Its name: words with hyphens.
    pub name: &'static str,
    /// How many distinct states it has. Another number means that the model or the definition of a state has changed.
    pub states: usize,
    /// How many transitions there are between them, including those that change nothing.
    pub transitions: usize,
    /// How many different requests the runs make that take every transition.
    pub requests: usize,
    /// What it is about, in a few words.
    pub about: &'static str,
    /// How many users there are. Each has a browser, and logs in only there.
    pub users: usize,
    /// Whether cookies may be copied between browsers. With one user there is a second browser, of somebody without a login, to
    /// copy the cookie to.
    pub copies: bool,
    /// For each server, how many seconds its clock is ahead.
    pub servers: &'static [i64],
    /// How many seconds the browsers' clocks are ahead.
    pub browser_skew: i64,
    /// Which logins there are: permanent (true), not permanent (false) or both.
    pub logins: &'static [bool],
    /// Whether permanent sessions are renewed on each request.
    pub refresh: bool,
    /// Whether there is a view that writes to the session, besides login and logout.
    pub writes: bool,
    /// Whether forged cookies are sent.
    pub forgeries: bool,
    /// Whether the secret key changes, on each server separately, with or without the old key as a fallback.
    pub rotation: bool,
    /// Whether the lifetime becomes shorter and longer, on all servers at once.
    pub lifetimes: bool,
    /// For a user who is logged in from the start and does nothing: after how many seconds the runs end. None for active users,
    /// whose runs have no end.
    pub idle: Option<i64>,
}

/// One user, one server, permanent and other logins, renewal.
const ONE_USER: Configuration = Configuration {
    name: "one-user",
    states: 56,
    transitions: 503,
    requests: 338,
    about: "one user and one server",
    users: 1,
    copies: false,
    servers: &[0],
    browser_skew: 0,
    logins: &[true, false],
    refresh: true,
    writes: true,
    forgeries: true,
    rotation: false,
    lifetimes: false,
    idle: None,
};

/// All of them, from the small to the large.
pub const CONFIGURATIONS: [Configuration; 15] = [
    Configuration {
        name: "idle",
        states: 14,
        transitions: 24,
        requests: 9,
        about: "a user who never comes back",
        idle: Some(5),
        ..ONE_USER
    },
    ONE_USER,
    Configuration {
        name: "no-refresh",
        states: 47,
        transitions: 422,
        requests: 288,
        about: "without renewal on each request",
        refresh: false,
        ..ONE_USER
    },
    Configuration {
        name: "rotation",
        states: 278,
        transitions: 2722,
        requests: 1631,
        about: "the secret key changes",
        rotation: true,
        ..ONE_USER
    },
    Configuration {
        name: "lifetimes",
        states: 492,
        transitions: 5409,
        requests: 1431,
        about: "the lifetime is cut and lengthened",
        lifetimes: true,
        ..ONE_USER
    },
    Configuration {
        name: "browser-ahead",
        states: 36,
        transitions: 323,
        requests: 224,
        about: "the browser's clock is a second ahead",
        browser_skew: 1,
        ..ONE_USER
    },
    Configuration {
        name: "browser-behind",
        states: 64,
        transitions: 575,
        requests: 384,
        about: "the browser's clock is a second behind",
        browser_skew: -1,
        ..ONE_USER
    },
    Configuration {
        name: "server-behind",
        states: 56,
        transitions: 894,
        requests: 468,
        about: "the second server is a second behind",
        servers: &[0, -1],
        ..ONE_USER
    },
    Configuration {
        name: "copied-cookie",
        states: 6063,
        transitions: 90312,
        requests: 1666,
        about: "somebody copies the user's cookie",
        copies: true,
        ..ONE_USER
    },
    Configuration {
        name: "copied-cookie-no-refresh",
        states: 4630,
        transitions: 68933,
        requests: 1658,
        about: "somebody copies the cookie, and nothing is renewed",
        copies: true,
        refresh: false,
        ..ONE_USER
    },
    Configuration {
        name: "two-users",
        states: 3488,
        transitions: 52258,
        requests: 2069,
        about: "two users who share nothing but the server",
        users: 2,
        ..ONE_USER
    },
    Configuration {
        name: "rolling-rotation",
        states: 904,
        transitions: 16124,
        requests: 3521,
        about: "the key changes on one server before the other",
        servers: &[0, -1],
        rotation: true,
        ..ONE_USER
    },
    Configuration {
        name: "copies-and-lifetimes",
        states: 12606,
        transitions: 187551,
        requests: 1559,
        about: "somebody copies the cookie while the lifetime changes",
        copies: true,
        writes: false,
        lifetimes: true,
        ..ONE_USER
    },
    Configuration {
        name: "copies-and-rotation",
        states: 17694,
        transitions: 398537,
        requests: 3087,
        about: "somebody copies the cookie while the key changes",
        copies: true,
        writes: false,
        servers: &[0, -1],
        rotation: true,
        ..ONE_USER
    },
    Configuration {
        name: "everything",
        states: 140616,
        transitions: 2_199_933,
        requests: 8_255,
        about: "copies between browsers that are a second behind, while keys and lifetime change",
        browser_skew: -1,
        copies: true,
        writes: false,
        rotation: true,
        lifetimes: true,
        ..ONE_USER
    },
];

impl Configuration {
    /// The configuration of a name.
    pub fn find(name: &str) -> Option<Self> {
        CONFIGURATIONS.into_iter().find(|configuration| configuration.name == name)
    }

    /// How many browsers there are: one for each user, and at least two if cookies are copied.
    pub fn browsers(&self) -> usize {
        if self.copies { self.users.max(2) } else { self.users }
    }
}
