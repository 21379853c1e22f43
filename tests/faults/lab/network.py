"""The net between hosts and servers: a namespace a node on one bridge, or the loopback with proxies.

Nothing is made in the namespace of the machine: the bridge is in one of its own, so that two runs may use the
same addresses.
"""
import json
import socket

from lab.processes import Broken, Child, can_run, own_tag, run
from lab.waiting import eventually

SUBNET = "10.77.0"
PORT = 5432


def namespaces_work():
    """True if this account can make namespaces and drop packets in them."""
    name = f"flab-{own_tag()}-trial"
    if not can_run("ip", "netns", "add", name):
        return False
    try:
        inside = ["nsenter", f"--net=/run/netns/{name}"]
        return (can_run(*inside, "ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1")
                and can_run(*inside, "ip", "link", "add", "br0", "type", "bridge")
                and can_run(*inside, "nft", "add table inet lab; add chain inet lab out { type filter hook output "
                                            "priority 0; }; add rule inet lab out ip daddr 10.0.0.1 drop"))
    finally:
        run(["ip", "netns", "del", name], check=False)


class Proxy:
    """A proxy process of one node, and its control socket."""

    def __init__(self, folder, node, pairs, prefix, root, environment):
        self.control = folder / f"{node}.proxy"
        words = ["python3", "-m", "lab.proxy", self.control]
        words += [f"{listen[0]}:{listen[1]}={target[0]}:{target[1]}" for listen, target in pairs]
        self.child = Child(words, folder / f"{node}.proxy.log", {**environment, "PYTHONPATH": str(root)},
                           prefix=prefix, folder=folder)
        if not eventually(lambda: self.control.exists() or not self.child.running(), 20) or not self.child.running():
            raise Broken(f"the proxy of {node} does not start:\n{self.child.tail()}")

    def order(self, **order):
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(5)
            link.connect(str(self.control))
            link.sendall(json.dumps(order).encode() + b"\n")
            return json.loads(link.makefile().readline())

    def close(self):
        self.child.kill()


def free_ports(count):
    """Ports that nobody has now; held together until all are known."""
    held = []
    try:
        for _ in range(count):
            trial = socket.socket()
            trial.bind(("127.0.0.1", 0))
            held.append(trial)
        return [trial.getsockname()[1] for trial in held]
    finally:
        for trial in held:
            trial.close()


class Network:
    """Nodes are servers ("a", "b") and hosts ("h1", …). Hosts with an even number, and all of them without
    namespaces, reach the servers through a proxy; the others do so directly."""

    def __init__(self, tag, folder, servers, hosts, namespaces, root, environment):
        self.tag = tag
        self.folder = folder
        self.namespaces = namespaces
        self.servers = servers
        self.hosts = hosts
        self.addresses = {}
        self.proxies = {}
        self.links = {}  # of a node: the servers as it sees them
        if namespaces:
            self.make_namespaces()
            listens = {server: (self.addresses[server], PORT) for server in servers}
        else:
            ports = free_ports(len(servers))
            listens = {server: ("127.0.0.1", port) for server, port in zip(servers, ports)}
        self.listens = listens
        for node in (*hosts, *servers):
            self.links[node] = dict(listens)
            if self.is_proxied(node):
                ports = range(6001, 6001 + len(servers)) if namespaces else free_ports(len(servers))
                self.links[node] = {server: ("127.0.0.1", port) for server, port in zip(servers, ports)}
                pairs = [(self.links[node][server], listens[server]) for server in servers]
                self.proxies[node] = Proxy(folder, node, pairs, self.prefix(node), root, environment)

    def is_proxied(self, node):
        if not self.namespaces:
            return True
        return node in self.hosts and int(node[1:]) % 2 == 0

    # Namespaces

    def name(self, node):
        return f"flab-{self.tag}-{node}"

    def prefix(self, node):
        """Words before a command that put it on the node."""
        return ["nsenter", f"--net=/run/netns/{self.name(node)}"] if self.namespaces else []

    def on(self, node, *words, **how):
        return run([*self.prefix(node), *words], **how)

    def make_namespaces(self):
        run(["ip", "netns", "add", self.name("net")])
        self.on("net", "ip", "link", "add", "br0", "type", "bridge")
        self.on("net", "ip", "link", "set", "br0", "up")
        numbers = {server: 11 + i for i, server in enumerate(self.servers)}
        numbers |= {host: 101 + i for i, host in enumerate(self.hosts)}
        for node, number in numbers.items():
            self.addresses[node] = f"{SUBNET}.{number}"
            run(["ip", "netns", "add", self.name(node)])
            run(["ip", "link", "add", "e0", "netns", self.name(node), "type", "veth", "peer", "name", node,
                 "netns", self.name("net")])
            self.on("net", "ip", "link", "set", "dev", node, "master", "br0", "up")
            self.on(node, "ip", "addr", "add", f"{self.addresses[node]}/24", "dev", "e0")
            self.on(node, "ip", "link", "set", "e0", "up")
            self.on(node, "ip", "link", "set", "lo", "up")
            self.on(node, "nft", "add table inet lab; add chain inet lab in { type filter hook input priority 0; }; "
                                 "add chain inet lab out { type filter hook output priority 0; }")

    # What can be done to a link

    def cut(self, node, peers=None, way="both"):
        """A black hole between a node and others (all servers): nothing arrives and nobody is told."""
        if node in self.proxies:
            self.proxies[node].order(do="hole")
            return
        for peer in peers or self.servers:
            if way in ("both", "out"):
                self.on(node, "nft", f"add rule inet lab out ip daddr {self.addresses[peer]} drop")
            if way in ("both", "in"):
                self.on(node, "nft", f"add rule inet lab in ip saddr {self.addresses[peer]} drop")

    def half_open(self, node, side):
        """The connections that exist hang for ever, new ones pass: what a firewall does that forgot them. Through a
        proxy one side is closed instead and the other is not told."""
        if node in self.proxies:
            return self.proxies[node].order(do="half_open", side=side)["paths"]
        ports = self.ports_in_use(node)
        for port in ports:
            self.on(node, "nft", f"add rule inet lab out tcp sport {port} drop; add rule inet lab in tcp dport {port} drop")
        return len(ports)

    def ports_in_use(self, node):
        """Local ports of the node's connections to servers, as its kernel has them."""
        ports = []
        for line in self.on(node, "cat", "/proc/net/tcp").stdout.splitlines()[1:]:
            local, remote, state = line.split()[1:4]
            if state == "01" and int(remote.split(":")[1], 16) == PORT:
                ports.append(int(local.split(":")[1], 16))
        return ports

    def delay(self, node, milliseconds):
        self.proxies[node].order(do="delay", ms=milliseconds)

    def heal(self, node):
        if node in self.proxies:
            self.proxies[node].order(do="heal")
            return
        self.on(node, "nft", "flush chain inet lab in; flush chain inet lab out")

    def close(self):
        for proxy in self.proxies.values():
            proxy.close()
        if self.namespaces:
            for node in (*self.hosts, *self.servers, "net"):
                run(["ip", "netns", "del", self.name(node)], check=False)
