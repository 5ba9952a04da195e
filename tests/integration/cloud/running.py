"""A machine that is set up and works, with its owner's phone; made through the real services."""

from tests.integration.cloud.world import Device, Phone, World


def owner_of_a_running_unit(world: World) -> tuple[Phone, Device]:
    phone, unit = world.phone(), world.unit()
    world.set_up(unit)
    world.claim(phone, unit)
    device = Device(world, unit.id, boot=2)
    world.take(device.birth())
    return phone, device
